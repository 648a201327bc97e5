"""A random walk between the cells of an image whose embeddings are alike (SPML, Ke et al., ICLR 2021)."""

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from wsss_core.networks.pixel_embedding import unit

CELL_PX = 8
"""The walk's cells are the image's sides divided by this, rounded down."""
SHARPNESS = 5.0
POWER = 20.0
LOG2_STEPS = 6
TAIL = 1e-7
"""What the terms left out of a walk add up to at most: the rounding of float32."""


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
    """Scores (C, h, w) after so many steps of a matrix that `transition` made.

    The public code squares the matrix six times. Here scores are multiplied with it: not once a step but, for many
    steps, about four times the root of their number, by Chebyshev polynomials. The result is the same up to `TAIL`.
    Classes whose scores are all 0 need not be passed: they stay 0.
    """
    score_Cn = score_Chw.flatten(1)
    weights = chebyshev_weights(steps)
    if len(weights) > steps:
        for _ in range(steps):
            score_Cn = score_Cn @ transition_nn
        return score_Cn.reshape(score_Chw.shape)
    # The affinities are a kernel's, so the matrix has no eigenvalue below 0 nor above 1; 2 T - 1 has them in -1..1.
    before_Cn, now_Cn = score_Cn, 2 * (score_Cn @ transition_nn) - score_Cn
    total_Cn = weights[0] * before_Cn + weights[1] * now_Cn
    for weight in weights[2:]:
        before_Cn, now_Cn = now_Cn, 4 * (now_Cn @ transition_nn) - 2 * now_Cn - before_Cn
        total_Cn += weight * now_Cn
    return total_Cn.reshape(score_Chw.shape)


def chebyshev_weights(steps: int) -> list[float]:
    """Weights of the Chebyshev polynomials of 2 x - 1 whose sum is x^steps, without the last ones, in all below `TAIL`.

    With x = cos²(t/2) they are the binomial weights of cos(t/2)^(2 steps) (Sachdeva & Vishnoi, Faster Algorithms via
    Approximation Theory, 2014, section 3).
    """
    weights = [math.comb(2 * steps, steps - k) / 4**steps * (2 if k else 1) for k in range(steps + 1)]
    kept, rest = len(weights), 0.0
    while kept > 2 and rest + weights[kept - 1] <= TAIL:
        kept -= 1
        rest += weights[kept]
    return weights[:kept]
