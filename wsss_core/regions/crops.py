"""The crops on which automatic masks are made besides the whole image (SAM, Kirillov et al., ICCV 2023, appendix B)."""

import math
from typing import NamedTuple

import numpy as np


class Crop(NamedTuple):
    """A window of the image in pixels, far sides excluded; `layer` 0 is the whole image."""

    x0: int
    y0: int
    x1: int
    y1: int
    layer: int

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width."""
        return self.y1 - self.y0, self.x1 - self.x0

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.y1 - self.y0) * (self.x1 - self.x0)

    def cut(self, image_HW3: np.ndarray) -> np.ndarray:
        """The window of an image (H, W, 3)."""
        return image_HW3[self.y0 : self.y1, self.x0 : self.x1]


def crops_of(size_hw: tuple[int, int], layers: int, overlap: float) -> list[Crop]:
    """The whole image, then for each layer i from 1 on 2^i x 2^i crops, from left to right, each column from the top.

    `overlap`: of neighbouring crops of layer 1, as a part of the shorter side; halved from layer to layer.
    """
    height, width = size_hw
    crops = [Crop(0, 0, width, height, 0)]
    for layer in range(1, layers + 1):
        per_side = 2**layer
        shared = int(overlap * min(size_hw) * (2 / per_side))
        crop_width, crop_height = (math.ceil((shared * (per_side - 1) + side) / per_side) for side in (width, height))
        for column in range(per_side):
            x0 = int((crop_width - shared) * column)
            for row in range(per_side):
                y0 = int((crop_height - shared) * row)
                crops.append(Crop(x0, y0, min(x0 + crop_width, width), min(y0 + crop_height, height), layer))
    # An image of a few pixels has crops without any.
    return [crop for crop in crops if crop.x0 < crop.x1 and crop.y0 < crop.y1]


def points_per_side(points: int, layer: int, divisor: int) -> int:
    """Points along a side of a crop of the layer: the image's, divided by `divisor` once per layer, at least 1."""
    return max(1, int(points / divisor**layer))
