"""Copies of an image on a black square, as the one-stage networks see it, and their masks' way back to the image.

The square is not neutral: global averages and tag scores see it (Araslanov & Roth, CVPR 2020, public code).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from wsss_core.cams.scales import scaled_images

Normalise = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class View:
    """Where a copy of the image stands in its square, in pixels, and whether it is mirrored left to right."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool


def padded_views(
    image_HW3: np.ndarray,
    scales: Sequence[float],
    mirror: bool,
    canvas_hw: tuple[int, int] | None,
    normalise: Normalise,
) -> list[tuple[View, np.ndarray]]:
    """The copies in the order of the scales, each followed by its mirror image, as network inputs float32 (3, P, Q).

    `image_HW3` uint8 RGB. Around the copy, which stands in the centre of the canvas (the free pixel of an odd slack
    below and right), the input is 0. A canvas that is too small for a copy grows with it; None: no padding.
    """
    views = []
    for scaled in scaled_images(image_HW3, scales):
        height, width = scaled.shape[:2]
        rows, columns = canvas_hw or (height, width)
        top, left = max(0, rows - height) // 2, max(0, columns - width) // 2
        image_3HW = normalise(scaled)
        for mirrored in (False, True) if mirror else (False,):
            canvas_3PQ = np.zeros((3, max(rows, height), max(columns, width)), np.float32)
            canvas_3PQ[:, top : top + height, left : left + width] = image_3HW[:, :, ::-1] if mirrored else image_3HW
            views.append((View(top, left, height, width, mirrored), canvas_3PQ))
    return views


def mask_of_image(mask_KPQ: torch.Tensor, view: View, size_hw: tuple[int, int]) -> torch.Tensor:
    """The masks (K, H, W) of the image from those of a view: padding cut off, resized (bilinear, half-pixel centres),
    mirrored back."""
    inside_KHW = mask_KPQ[:, view.top : view.top + view.height, view.left : view.left + view.width]
    resized_KHW = functional.interpolate(inside_KHW[None], size=size_hw, mode="bilinear", align_corners=False)[0]
    return resized_KHW.flip(-1) if view.mirrored else resized_KHW
