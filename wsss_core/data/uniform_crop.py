"""Training crops of SPML (Ke et al., ICLR 2021): OpenCV's bilinear filter on float images, chance by uniform draws.

Every function takes what draws: `numpy.random.Generator`, or the old `RandomState`, whose stream is recorded.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np

PADDING_LABEL = 255
GREY_WEIGHTS = np.array([0.3, 0.59, 0.11], np.float32)
GREY_SHARE, BLUR_SHARE = 0.3, 0.5
BLUR_SIGMA = (0.1, 5.0)
BLUR_SIDE = 5


class Uniform(Protocol):
    """What the draws come from."""

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number from `low` to `high`."""
        ...


class Crop(NamedTuple):
    """`image_HW3` float32 RGB 0..1; `maps` integers (H, W) in the order given; `mirrored`: left and right exchanged."""

    image_HW3: np.ndarray
    maps: list[np.ndarray]
    mirrored: bool


def uniform_crop(
    image_HW3: np.ndarray,
    maps: Sequence[np.ndarray],
    rng: Uniform,
    rescale: tuple[float, float],
    crop_hw: tuple[int, int],
    fill: Sequence[float],
    mirror: bool = True,
) -> Crop:
    """Mirror, rescaling by a factor from `rescale`, and a crop, in this order.

    image_HW3: float32 RGB. maps: integer maps (H, W), resized by nearest neighbour. Where the image is smaller than the
    crop it is filled up right and below: `fill` per channel, 255 in the maps. Without `mirror` the draw is made all the
    same.
    """
    mirrored = bool(rng.uniform() >= 0.5) and mirror
    if mirrored:
        image_HW3, maps = image_HW3[:, ::-1], [values[:, ::-1] for values in maps]
    factor = rng.uniform(*rescale)
    height, width = (max(1, int(side * factor)) for side in image_HW3.shape[:2])
    image = resize_bilinear(image_HW3, (height, width))
    labels = [resize_nearest(values, (height, width)) for values in maps]
    below, right = max(0, crop_hw[0] - height), max(0, crop_hw[1] - width)
    image = _filled(image, below, right, fill)
    labels = [_filled(values, below, right, PADDING_LABEL) for values in labels]
    top, left = (
        int(np.floor(rng.uniform(0, side - crop))) for side, crop in zip(image.shape[:2], crop_hw, strict=True)
    )
    window = slice(top, top + crop_hw[0]), slice(left, left + crop_hw[1])
    return Crop(np.ascontiguousarray(image[window]), [np.ascontiguousarray(v[window]) for v in labels], mirrored)


def resize_bilinear(array_HWD: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Float32 (H, W) or (H, W, D) at another size by OpenCV's bilinear filter (half-pixel centres, no smoothing)."""
    resized = cv2.resize(np.ascontiguousarray(array_HWD), size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    return resized.reshape(*size_hw, *array_HWD.shape[2:])


def resize_nearest(map_HW: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Integers (H, W) at another size by OpenCV's nearest neighbour, index floor(i · scale); int64 as int32."""
    values = np.ascontiguousarray(map_HW.astype(np.int32) if map_HW.dtype == np.int64 else map_HW)
    resized: np.ndarray = cv2.resize(values, size_hw[::-1], interpolation=cv2.INTER_NEAREST)
    return resized


def _filled(array: np.ndarray, below: int, right: int, fill: float | Sequence[float]) -> np.ndarray:
    height, width = array.shape[:2]
    canvas = np.empty((height + below, width + right, *array.shape[2:]), array.dtype)
    canvas[:] = np.asarray(fill, array.dtype)
    canvas[:height, :width] = array
    return canvas


def random_grey(image_HW3: np.ndarray, rng: Uniform) -> np.ndarray:
    """The image in grey (weights 0.3, 0.59, 0.11) with probability 0.3."""
    if rng.uniform() >= GREY_SHARE:
        return image_HW3
    grey_HW = image_HW3 @ GREY_WEIGHTS
    return np.repeat(grey_HW[..., None], 3, axis=2)


def random_blur(image_HW3: np.ndarray, rng: Uniform) -> np.ndarray:
    """The image blurred with probability 0.5, by a 5x5 kernel exp(-r²/sigma²), sum 1, sigma from 0.1 to 5."""
    if rng.uniform() >= BLUR_SHARE:
        return image_HW3
    sigma = rng.uniform(*BLUR_SIGMA)
    offset = np.arange(BLUR_SIDE) - BLUR_SIDE // 2
    kernel = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / sigma**2)
    blurred: np.ndarray = cv2.filter2D(image_HW3, -1, kernel / kernel.sum())
    return blurred
