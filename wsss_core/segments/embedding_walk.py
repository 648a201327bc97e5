"""A random walk between the cells of an image whose embeddings are alike (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Sequence

import torch
from torch.nn import functional

from wsss_core.networks.pixel_embedding import unit

CELL_PX = 8
"""The walk's cells are the image's sides divided by this, rounded down."""
SHARPNESS = 5.0
POWER = 20.0
LOG2_STEPS = 6


def cells_of(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the walk's grid for an image (H, W); at least one each."""
    return max(1, size_hw[0] // CELL_PX), max(1, size_hw[1] // CELL_PX)


def on_grid(map_CHW: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """Maps (C, H, W) brought to the grid (C, h, w) by bilinear interpolation without smoothing."""
    return functional.interpolate(map_CHW[None], size=grid_hw, mode="bilinear")[0]


def transition(
    embedding_views: Sequence[torch.Tensor], power: float = POWER, sharpness: float = SHARPNESS
) -> torch.Tensor:
    """Matrix (n, n) float32 whose columns sum to 1: how much of a cell's score goes to another cell.

    embedding_views: embeddings (D, h, w), of any length, of the same cells seen in several ways. The affinity
    exp(sharpness (cosine - 1)) is averaged over the views and raised to `power` element by element; a cell is also
    linked with itself.
    """
    total: torch.Tensor | None = None
    for embedding_Dhw in embedding_views:
        vector_nD = unit(embedding_Dhw.flatten(1).T)
        affinity_nn = (vector_nD @ vector_nD.T).sub_(1).mul_(sharpness).exp_()
        total = affinity_nn if total is None else total.add_(affinity_nn)
    if total is None:
        raise ValueError("expected at least one view of the embedding, found none")
    matrix_nn = total.div_(len(embedding_views)).pow_(power)
    return matrix_nn.div_(matrix_nn.sum(dim=0, keepdim=True))


def walked(score_Chw: torch.Tensor, transition_nn: torch.Tensor, steps: int = 2**LOG2_STEPS) -> torch.Tensor:
    """Scores (C, h, w) after so many steps: scores times the matrix, again and again.

    The public code squares the matrix six times instead; the result is the same, the work n / C times larger. Classes
    whose scores are all 0 need not be passed: they stay 0.
    """
    score_Cn = score_Chw.flatten(1)
    for _ in range(steps):
        score_Cn = score_Cn @ transition_nn
    return score_Cn.reshape(score_Chw.shape)
