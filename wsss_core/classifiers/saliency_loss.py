"""The saliency loss of EPS (Lee et al., CVPR 2021): class maps and background map together must explain a saliency map.

A tagged class whose map lies on salient pixels counts as foreground, one whose map does not (water around boats) as
background; so does the background's own map.
"""

from typing import NamedTuple

import torch
from torch.nn import functional

AREA_SLACK = 1e-4
"""Added to each cell of the area by which an overlap is divided: an empty map has overlap 0."""


class SaliencyLoss(NamedTuple):
    """`loss`: scalar. `foreground_B1hw`: sum of the maps that count as foreground, in [0, 1]. `background_B1hw`: the
    same for the background. `estimate_B1hw`: the saliency that the two stand for, in [0, 1]."""

    loss: torch.Tensor
    foreground_B1hw: torch.Tensor
    background_B1hw: torch.Tensor
    estimate_B1hw: torch.Tensor


def saliency_loss(
    maps_BKhw: torch.Tensor,
    saliency_B1HW: torch.Tensor,
    tags_BC: torch.Tensor,
    overlap_threshold: float,
    foreground_weight: float,
) -> SaliencyLoss:
    """Mean squared difference of the estimated saliency from the given one, which is brought to the grid.

    `maps_BKhw` class maps before the softmax, the background's last (K = C+1); `saliency_B1HW` float in [0, 1];
    `tags_BC` in {0, 1}. The estimate is w M_f + (1 - w) (1 - M_b), w = `foreground_weight` (lambda in the paper), for
    the sums M_f and M_b of the softmax maps that `select_maps` takes as foreground and background.
    """
    maps_BKhw = maps_BKhw.float()
    saliency_B1hw = on_grid(saliency_B1HW, (maps_BKhw.shape[2], maps_BKhw.shape[3]))
    probability_BKhw = maps_BKhw.softmax(dim=1)
    is_foreground_BC = select_maps(probability_BKhw, saliency_B1hw, tags_BC, overlap_threshold)
    class_BChw = probability_BKhw[:, :-1]
    foreground_B1hw = weighted_sum(class_BChw, is_foreground_BC)
    background_B1hw = weighted_sum(class_BChw, tags_BC * ~is_foreground_BC) + probability_BKhw[:, -1:]
    estimate_B1hw = foreground_weight * foreground_B1hw + (1 - foreground_weight) * (1 - background_B1hw)
    loss = functional.mse_loss(estimate_B1hw, saliency_B1hw)
    return SaliencyLoss(loss, foreground_B1hw, background_B1hw, estimate_B1hw)


def on_grid(saliency_B1HW: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """Saliency (B, 1, h, w) of the pixel at the top left of each cell, as published (nearest, index floor(i H / h))."""
    rows, columns = (
        torch.arange(cells, device=saliency_B1HW.device) * pixels // cells
        for cells, pixels in zip(grid_hw, saliency_B1HW.shape[2:], strict=True)
    )
    return saliency_B1HW[:, :, rows][:, :, :, columns]


def weighted_sum(class_BChw: torch.Tensor, weight_BC: torch.Tensor) -> torch.Tensor:
    """Sum over the classes (B, 1, h, w) of maps times weights."""
    return torch.einsum("bchw,bc->bhw", class_BChw, weight_BC.to(class_BChw.dtype))[:, None]


@torch.no_grad()
def select_maps(
    probability_BKhw: torch.Tensor, saliency_B1hw: torch.Tensor, tags_BC: torch.Tensor, overlap_threshold: float
) -> torch.Tensor:
    """Bool (B, C): the tagged classes whose `overlap` is above the threshold (tau in the paper)."""
    return (overlap(probability_BKhw, saliency_B1hw) > overlap_threshold) & (tags_BC > 0)


def overlap(probability_BKhw: torch.Tensor, saliency_B1hw: torch.Tensor) -> torch.Tensor:
    """Share (B, C) of each class's cells that are salient, in [0, 1): cells of probability above 0.5, saliency above
    0.5. A class that has none has 0."""
    cells_BChw = probability_BKhw[:, :-1].round()
    salient_cells_BC = (cells_BChw * saliency_B1hw.round()).sum(dim=(2, 3))
    return salient_cells_BC / (cells_BChw + AREA_SLACK).sum(dim=(2, 3))
