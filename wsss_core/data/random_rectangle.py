"""Random rectangles of an image, resized to a square (`RandomResizedCrop` of torchvision), as the one-stage trainings
take them."""

import math
from dataclasses import dataclass

import numpy as np

from wsss_core.data.augment import resize_image, resize_labels

ATTEMPTS = 10


@dataclass(frozen=True)
class Rectangle:
    """A part of an image, in pixels."""

    top: int
    left: int
    height: int
    width: int


def random_rectangle(
    size_hw: tuple[int, int],
    area: tuple[float, float],
    aspect: tuple[float, float],
    generator: np.random.Generator,
) -> Rectangle:
    """A rectangle with a share of the image's area drawn from `area` and a width over height drawn, evenly in its
    logarithm, from `aspect`; at a place drawn evenly.

    Where ten draws do not fit into the image: the largest central one within the range of `aspect`.
    """
    height, width = size_hw
    for _ in range(ATTEMPTS):
        pixels = height * width * generator.uniform(*area)
        ratio = math.exp(generator.uniform(math.log(aspect[0]), math.log(aspect[1])))
        rows, columns = round(math.sqrt(pixels / ratio)), round(math.sqrt(pixels * ratio))
        if 0 < rows <= height and 0 < columns <= width:
            top = int(generator.integers(0, height - rows + 1))
            return Rectangle(top, int(generator.integers(0, width - columns + 1)), rows, columns)
    return _central_rectangle(size_hw, aspect)


def _central_rectangle(size_hw: tuple[int, int], aspect: tuple[float, float]) -> Rectangle:
    height, width = size_hw
    rows, columns = height, width
    if width / height < aspect[0]:
        rows = max(1, round(width / aspect[0]))
    elif width / height > aspect[1]:
        columns = max(1, round(height * aspect[1]))
    return Rectangle((height - rows) // 2, (width - columns) // 2, rows, columns)


def resized_rectangle(array: np.ndarray, rectangle: Rectangle, side: int) -> np.ndarray:
    """The rectangle of an image uint8 RGB (H, W, 3), or of labels (H, W), resized to a square of `side` pixels:
    by Pillow's bicubic filter, or by nearest neighbour."""
    rows = slice(rectangle.top, rectangle.top + rectangle.height)
    cut = np.ascontiguousarray(array[rows, rectangle.left : rectangle.left + rectangle.width])
    return resize_image(cut, side, side) if cut.ndim == 3 else resize_labels(cut, side, side)
