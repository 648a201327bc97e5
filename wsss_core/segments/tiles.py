"""An image larger than the network's canvas, seen through overlapping tiles; a smaller one is filled up with zeros."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from wsss_core.data.uniform_crop import resize_bilinear


@dataclass(frozen=True)
class Canvas:
    """`crop`: side of the network's input, pixels. `stride`: pixels between the ends of two tiles."""

    crop: int
    stride: int

    def padded_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Size of an image filled up right and below to at least one tile."""
        return max(self.crop, size_hw[0]), max(self.crop, size_hw[1])


def at_long_side(size_hw: tuple[int, int], length: int) -> tuple[int, int]:
    """Height and width of an image whose longer side becomes `length`; both are cut to whole pixels."""
    factor = length / max(size_hw)
    return max(1, int(size_hw[0] * factor)), max(1, int(size_hw[1] * factor))


def at_scale(size_hw: tuple[int, int], scale: float) -> tuple[int, int]:
    """Height and width of an image times `scale`, cut to whole pixels, at least 1."""
    return max(1, int(size_hw[0] * scale)), max(1, int(size_hw[1] * scale))


def resized_input(image_3HW: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """A normalised image float32 (3, H, W) at another size, by OpenCV's bilinear filter."""
    return np.ascontiguousarray(resize_bilinear(image_3HW.transpose(1, 2, 0), size_hw).transpose(2, 0, 1))


def tile_starts(length: int, crop: int, stride: int) -> list[int]:
    """First pixel of each tile along a side of at least `crop` pixels: tiles at equal steps, the last at the end."""
    count = math.ceil((length - crop) / stride) + 1
    return [int(end) - crop for end in np.linspace(crop, length, count)]


def padded(image_3HW: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """The image (3, H, W) with zeros, the mean colour, right and below up to `size_hw`."""
    return functional.pad(image_3HW, (0, size_hw[1] - image_3HW.shape[2], 0, size_hw[0] - image_3HW.shape[1]))


def tiled_sum(
    compute: Callable[[torch.Tensor], torch.Tensor], image_3HW: torch.Tensor, canvas: Canvas
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sum (D, H', W') of what `compute` gives for each tile, and the number (H', W') of tiles over each pixel.

    compute: batch of one tile (1, 3, crop, crop) to maps (1, D, crop, crop). H', W': the padded image's size.
    """
    image_3HW = padded(image_3HW, canvas.padded_hw((image_3HW.shape[1], image_3HW.shape[2])))
    height, width = image_3HW.shape[1:]
    total: torch.Tensor | None = None
    count_HW = image_3HW.new_zeros(height, width)
    for top in tile_starts(height, canvas.crop, canvas.stride):
        for left in tile_starts(width, canvas.crop, canvas.stride):
            window = slice(top, top + canvas.crop), slice(left, left + canvas.crop)
            maps_DHW = compute(image_3HW[(slice(None), *window)][None])[0]
            if total is None:
                total = maps_DHW.new_zeros(len(maps_DHW), height, width)
            total[(slice(None), *window)] += maps_DHW
            count_HW[window] += 1
    assert total is not None  # there is always a first tile
    return total, count_HW
