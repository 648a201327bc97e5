"""Training crops of Mask2Former, augmented as mmsegmentation does for stage II of FMA-WSSS (WACV 2024)."""

import cv2
import numpy as np

from wsss_core.label_ids import IGNORE
from wsss_core.segmenters.query_scores import resized_within, size_within
from wsss_core.settings.mask2former import Mask2FormerSettings
from wsss_core.training.labelled_crop import LabelledCrop

TRIES = 10
_HUES = 180  # OpenCV's circle
_BLACK = 0


def augmented_crop(
    image_HW3: np.ndarray, label_HW: np.ndarray, settings: Mask2FormerSettings, rng: np.random.Generator
) -> LabelledCrop:
    """Random size, crop, mirror and colours of image uint8 RGB (H, W, 3) and labels uint8 (H, W), padded at the right
    and bottom to the crop's side: black, with labels 255."""
    factor = rng.uniform(*settings.rescale)
    sides = (factor * settings.long_side, factor * settings.short_side)
    height, width = size_within((image_HW3.shape[0], image_HW3.shape[1]), *sides)
    image_HW3 = resized_within(image_HW3, *sides)
    label_HW = cv2.resize(label_HW, (width, height), interpolation=cv2.INTER_NEAREST)
    window = varied_window(label_HW, settings.crop, settings.largest_share, rng)
    image_HW3, label_HW = image_HW3[window], label_HW[window]
    if settings.mirror and rng.random() < 0.5:
        image_HW3, label_HW = image_HW3[:, ::-1], label_HW[:, ::-1]
    return padded(distorted(np.ascontiguousarray(image_HW3), settings, rng), label_HW, settings.crop)


def varied_window(
    label_HW: np.ndarray, side: int, largest_share: float, rng: np.random.Generator
) -> tuple[slice, slice]:
    """A random window of at most `side` x `side` pixels in which no class takes `largest_share` of the labelled pixels;
    after ten tries the eleventh, whatever is in it."""
    window = _random_window(label_HW, side, rng)
    for _ in range(TRIES):
        if is_varied(label_HW[window], largest_share):
            break
        window = _random_window(label_HW, side, rng)
    return window


def is_varied(label_HW: np.ndarray, largest_share: float) -> bool:
    """Whether there are two classes or more, and none has `largest_share` of the labelled pixels. At 1: always."""
    if largest_share >= 1:
        return True
    counts = np.bincount(label_HW[label_HW != IGNORE], minlength=1)
    return int((counts > 0).sum()) > 1 and float(counts.max() / counts.sum()) < largest_share


def _random_window(label_HW: np.ndarray, side: int, rng: np.random.Generator) -> tuple[slice, slice]:
    top, left = (int(rng.integers(0, max(length - side, 0) + 1)) for length in label_HW.shape)
    return slice(top, top + side), slice(left, left + side)


def distorted(image_HW3: np.ndarray, settings: Mask2FormerSettings, rng: np.random.Generator) -> np.ndarray:
    """Random brightness, contrast, saturation and hue, each with probability one half; contrast before or after the
    other two (SSD, Liu et al., ECCV 2016). Values are cut to 0..255 after every step."""
    if settings.brightness and rng.random() < 0.5:
        image_HW3 = _scaled(image_HW3, 1.0, rng.uniform(-settings.brightness, settings.brightness))
    contrast_first = bool(rng.integers(2))
    if contrast_first:
        image_HW3 = _contrast(image_HW3, settings.contrast, rng)
    hsv_HW3 = None
    if settings.saturation and rng.random() < 0.5:
        hsv_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2HSV)
        hsv_HW3[..., 1] = _scaled(hsv_HW3[..., 1], rng.uniform(1 - settings.saturation, 1 + settings.saturation), 0.0)
        image_HW3 = cv2.cvtColor(hsv_HW3, cv2.COLOR_HSV2RGB)
    if settings.hue and rng.random() < 0.5:
        hsv_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2HSV)
        shift = int(rng.integers(-settings.hue, settings.hue))
        hsv_HW3[..., 0] = (hsv_HW3[..., 0].astype(np.int32) + shift) % _HUES
        image_HW3 = cv2.cvtColor(hsv_HW3, cv2.COLOR_HSV2RGB)
    return image_HW3 if contrast_first else _contrast(image_HW3, settings.contrast, rng)


def _contrast(image_HW3: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    if not strength or rng.random() >= 0.5:
        return image_HW3
    return _scaled(image_HW3, rng.uniform(1 - strength, 1 + strength), 0.0)


def _scaled(values: np.ndarray, factor: float, shift: float) -> np.ndarray:
    return np.clip(values.astype(np.float32) * factor + shift, 0, 255).astype(np.uint8)


def padded(image_HW3: np.ndarray, label_HW: np.ndarray, side: int) -> LabelledCrop:
    """The crop on a square of that side, at its upper left."""
    height, width = label_HW.shape
    canvas_HW3 = np.full((side, side, 3), _BLACK, np.uint8)
    canvas_HW, inside_HW = np.full((side, side), IGNORE, label_HW.dtype), np.zeros((side, side), bool)
    canvas_HW3[:height, :width], canvas_HW[:height, :width], inside_HW[:height, :width] = image_HW3, label_HW, True
    return LabelledCrop(canvas_HW3, canvas_HW, inside_HW)
