"""One image at several sizes, resized the way the published recipes do it (Pillow's antialiased bicubic)."""

from collections.abc import Sequence

import numpy as np
from PIL import Image


def scaled_size(size_hw: tuple[int, int], scale: float) -> tuple[int, int]:
    """Height and width of an image at `scale`: each side times the scale, rounded half to even, at least 1 pixel.

    Half to even is Python's own `round` and what PSA (Ahn & Kwak, CVPR 2018) uses: 77 at scale 0.5 is 38, not 39.
    """
    if scale <= 0:
        raise ValueError(f"expected a scale above 0, found {scale}; give scales such as 0.5, 1.0, 1.5, 2.0")
    height, width = size_hw
    return max(1, round(height * scale)), max(1, round(width * scale))


def scaled_images(image_HW3: np.ndarray, scales: Sequence[float]) -> list[np.ndarray]:
    """The image at every scale, in the order given.

    `image_HW3` is uint8 RGB (H, W, 3); each result is uint8 RGB (H', W', 3) with the size of `scaled_size`.
    Pillow's bicubic widens its kernel when it shrinks an image (antialiasing); OpenCV's and torch's do not, and
    give other inputs. An image whose size does not change is returned as it is.
    """
    if image_HW3.dtype != np.uint8 or image_HW3.ndim != 3 or image_HW3.shape[2] != 3:
        raise ValueError(f"expected a uint8 image (H, W, 3), found {image_HW3.dtype} {image_HW3.shape}")
    height, width = image_HW3.shape[:2]
    picture = Image.fromarray(image_HW3)
    results = []
    for scale in scales:
        new_height, new_width = scaled_size((height, width), scale)
        if (new_height, new_width) == (height, width):
            results.append(image_HW3)
        else:
            results.append(np.asarray(picture.resize((new_width, new_height), Image.Resampling.BICUBIC)))
    return results


def bounded_scales(scales: Sequence[float], size_hw: tuple[int, int], max_pixels: int | None) -> list[float]:
    """The scales, each lowered as far as needed for a copy of at most about `max_pixels` pixels; None: as they are."""
    if max_pixels is None:
        return list(scales)
    largest = float((max_pixels / (size_hw[0] * size_hw[1])) ** 0.5)
    return [min(scale, largest) for scale in scales]


def bounded_size(size_hw: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """Height and width of `bounded_image` for an image of this size."""
    return scaled_size(size_hw, bounded_scales((1.0,), size_hw, max_pixels)[0])


def bounded_image(image_HW3: np.ndarray, max_pixels: int) -> np.ndarray:
    """The image uint8 RGB (H, W, 3), or a copy with about `max_pixels` pixels where it has more."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    return scaled_images(image_HW3, bounded_scales((1.0,), size_hw, max_pixels))[0]
