"""From the score grids of a segmentation network to class scores at image size, over scales and mirror images.

Cell i of a grid of stride s stands for the pixels s·i .. s·i + s - 1, in training (`grid_labels`, `enlarge`) and here.
So a grid spans s·h pixels, a few more than an image whose side is no multiple of s; to stretch it over the image
instead would move borders by up to half a cell. That is what the canvas `image` does, in both places, because published
networks (the port of DeepLab v2) were trained so.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from wsss_core.cams.scales import bounded_scales, scaled_images
from wsss_core.networks.network import Network
from wsss_core.networks.precision import Precision, as_input, inference
from wsss_core.settings.cams import Canvas

Normalise = Callable[[np.ndarray], np.ndarray]


def grid_labels(
    label_BHW: torch.Tensor, stride: int, grid_hw: tuple[int, int], canvas: Canvas = "cells"
) -> torch.Tensor:
    """Label (B, h, w) at the centre of each cell, or at the last pixel where the centre lies outside the image.

    On the canvas `image` a cell covers H/h x W/w pixels (as Pillow's nearest neighbour resizes), whatever the stride.
    """
    rows, columns = (
        _centres(cells, pixels, stride if canvas == "cells" else None).to(label_BHW.device)
        for cells, pixels in zip(grid_hw, label_BHW.shape[1:], strict=True)
    )
    return label_BHW[:, rows][:, :, columns]


def _centres(cells: int, pixels: int, stride: int | None) -> torch.Tensor:
    """The pixel at the centre of each cell of `stride` pixels, or of pixels / cells where that is None."""
    if stride is None:
        steps = torch.full((cells,), pixels / cells, dtype=torch.float64)
        steps[0] /= 2
        return steps.cumsum(0).long()  # added up as Pillow does: a product would round otherwise at whole numbers
    return (stride * torch.arange(cells) + stride // 2).clamp(max=pixels - 1)


def enlarge(scores_BKhw: torch.Tensor, stride: int, size_hw: tuple[int, int], canvas: Canvas = "cells") -> torch.Tensor:
    """Bilinear enlargement (B, K, H, W) of grids whose cells cover `stride` pixels each, cut to `size_hw`; on the
    canvas `image`, of grids that span just `size_hw`."""
    if canvas == "image":
        return functional.interpolate(scores_BKhw, size=size_hw, mode="bilinear", align_corners=False)
    height, width = size_hw
    canvas_hw = (scores_BKhw.shape[2] * stride, scores_BKhw.shape[3] * stride)
    whole = functional.interpolate(scores_BKhw, size=canvas_hw, mode="bilinear", align_corners=False)
    return whole[:, :, :height, :width]


def interpolation_matrix(pixels: int, scaled_pixels: int, cells: int, stride: int) -> torch.Tensor:
    """Float32 (pixels, cells), rows sum to 1: linear interpolation, at the centres of `pixels` pixels, between the
    centres of grid cells that cover `stride` pixels of a copy of the image with `scaled_pixels` pixels.

    Beyond the outermost centres the value is constant, as in bilinear enlargement everywhere in this project.
    """
    place = ((torch.arange(pixels, dtype=torch.float64) + 0.5) * scaled_pixels / pixels) / stride - 0.5
    place = place.clamp(0, cells - 1)
    low = place.floor().long().clamp(max=max(0, cells - 2))
    share = (place - low).float()
    matrix = torch.zeros(pixels, cells)
    matrix.scatter_(1, low[:, None], (1 - share)[:, None])
    if cells > 1:
        matrix.scatter_(1, low[:, None] + 1, share[:, None])
    return matrix


def _enlarged(grid_Khw: torch.Tensor, rows_Hh: torch.Tensor, columns_Ww: torch.Tensor) -> torch.Tensor:
    """Maps (K, H, W) float32, also within a training that computes in bfloat16."""
    with torch.autocast(grid_Khw.device.type, enabled=False):
        return rows_Hh @ grid_Khw.contiguous() @ columns_Ww.T


@torch.inference_mode()
def predict_scores(
    network: Network,
    normalise: Normalise,
    image_HW3: np.ndarray,
    scales: Sequence[float] = (1.0,),
    mirror: bool = False,
    average: Literal["softmax", "logits"] = "softmax",
    max_pixels: int | None = None,
    precision: Precision = "float32",
    canvas: Canvas = "cells",
) -> np.ndarray:
    """Probabilities (K, H, W) float32, summing to 1 over K, of an image uint8 RGB (H, W, 3) of at least 1x1 pixel.

    Every scale (and its mirror image) is enlarged and added to one running sum, so memory is that of the result and of
    the largest network input, which `max_pixels` bounds. `network` is in evaluation mode; its device is used. `canvas`:
    what a grid spans, see the head of this file.
    """
    if network.training:
        raise ValueError("the network is in training mode; call its eval() first, or its predictions are random")
    device = next(network.parameters()).device
    height, width = image_HW3.shape[:2]
    total_KHW: torch.Tensor | None = None
    for scaled in scaled_images(image_HW3, bounded_scales(scales, (height, width), max_pixels)):
        image_3HW = torch.from_numpy(normalise(scaled))
        batch = torch.stack([image_3HW, image_3HW.flip(-1)]) if mirror else image_3HW[None]
        with inference(precision, str(device)):
            grids = network(as_input(batch, str(device))).float()
        stride = network.stride if canvas == "cells" else 1
        spanned_hw = scaled.shape[:2] if canvas == "cells" else grids.shape[2:]
        rows = interpolation_matrix(height, spanned_hw[0], grids.shape[2], stride).to(device)
        columns = interpolation_matrix(width, spanned_hw[1], grids.shape[3], stride).to(device)
        for number, grid_Khw in enumerate(grids):
            # The mirror image's grid starts at the right edge: its columns are looked up from there.
            across = columns.flip(0) if number == 1 else columns
            scores_KHW = _enlarged(grid_Khw, rows, across)
            if average == "softmax":
                scores_KHW = scores_KHW.softmax(0)
            total_KHW = scores_KHW if total_KHW is None else total_KHW.add_(scores_KHW)
    if total_KHW is None:
        raise ValueError("expected at least one scale, found none")
    mean_KHW = total_KHW.div_(len(scales) * (2 if mirror else 1))
    return (mean_KHW.softmax(0) if average == "logits" else mean_KHW).cpu().numpy()
