"""Random changes of the images that prompts learn from (FMA-WSSS, WACV 2024, code; the colours are those of OpenMMLab).

Sums and products are OpenCV's `convertScaleAbs`: their absolute value, cut at 255. So a negative brightness comes back
as a positive one, and hue stops at the ends of its scale. Both are published.
"""

from collections.abc import Callable

import cv2
import numpy as np

from wsss_core.data.augment import resize_image, resize_labels
from wsss_core.settings.prompts import PromptAugmentationSettings

Change = Callable[[np.ndarray, float], np.ndarray]
"""Image uint8 RGB (H, W, 3), amount -> changed image."""


def change_brightness(image_HW3: np.ndarray, levels: float) -> np.ndarray:
    """|value + levels|, at most 255."""
    return cv2.convertScaleAbs(image_HW3, alpha=1, beta=levels)


def change_contrast(image_HW3: np.ndarray, factor: float) -> np.ndarray:
    """value · factor, at most 255."""
    return cv2.convertScaleAbs(image_HW3, alpha=factor, beta=0)


def change_saturation(image_HW3: np.ndarray, factor: float) -> np.ndarray:
    """Saturation of HSV times the factor, at most 255."""
    hsv_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2HSV)
    hsv_HW3[..., 1] = cv2.convertScaleAbs(hsv_HW3[..., 1], alpha=factor, beta=0)
    return cv2.cvtColor(hsv_HW3, cv2.COLOR_HSV2RGB)


def change_hue(image_HW3: np.ndarray, levels: float) -> np.ndarray:
    """|hue + levels|, at most 255, on a scale of 256 levels around the colour circle."""
    hsv_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2HSV_FULL)
    hsv_HW3[..., 0] = cv2.convertScaleAbs(hsv_HW3[..., 0], alpha=1, beta=levels)
    return cv2.cvtColor(hsv_HW3, cv2.COLOR_HSV2RGB_FULL)


def random_colours(
    image_HW3: np.ndarray, settings: PromptAugmentationSettings, generator: np.random.Generator
) -> np.ndarray:
    """Image uint8 RGB (H, W, 3); each of the four changes with probability one half, in random order."""
    changes: tuple[tuple[Change, float, float], ...] = (
        (change_brightness, 0, settings.brightness_levels),
        (change_contrast, 1, settings.contrast),
        (change_saturation, 1, settings.saturation),
        (change_hue, 0, settings.hue_levels),
    )
    for place in generator.permutation(len(changes)).tolist():
        change, middle, most = changes[place]
        if generator.random() < 0.5:
            image_HW3 = change(image_HW3, generator.uniform(middle - most, middle + most))
    return image_HW3


def scale_factor(size_hw: tuple[int, int], longer_side: int, crop: int) -> float:
    """Factor that makes the longer side so long, or the shorter one as long as the crop, whichever is more."""
    return max(longer_side / max(size_hw), crop / min(size_hw))


def random_scale(
    image_HW3: np.ndarray,
    label_HW: np.ndarray | None,
    settings: PromptAugmentationSettings,
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Image (Pillow bicubic) and labels (Pillow nearest) resized by one factor; no side is shorter than the crop."""
    low, high = settings.longer_side
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    factor = scale_factor(size_hw, int(generator.integers(low, high + 1)), settings.crop)
    height, width = (round(factor * side) for side in size_hw)
    return resize_image(image_HW3, height, width), None if label_HW is None else resize_labels(label_HW, height, width)
