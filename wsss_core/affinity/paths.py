"""The cells between the two cells of a pair, and affinities from a boundary map (IRN, Ahn et al., CVPR 2019, eq. 1).

Two cells belong together unless a boundary lies between them: the affinity of a pair is 1 minus the largest boundary
score on the way from one cell to the other. Pairs are those of `affinity.pairs`, their offsets in another order: by
the length of the path. The published radius is 10 in training and 5 in the walk, on a grid of stride 4.

Axes: `P` offsets, `n` from-cells; otherwise the legend of docs/architecture.md.
"""

from functools import lru_cache

import numpy as np
import torch

from wsss_core.affinity.pairs import from_grid_hw, pair_indices, pair_offsets, pair_windows

TRAINING_RADIUS = 10  # cells; published
WALK_RADIUS = 5  # cells; published

Path = tuple[tuple[int, int], ...]


def path_cells(offset: tuple[int, int]) -> Path:
    """The cells (dy, dx) on the way from (0, 0) to another cell `offset`, both included, the far end first.

    They are those of the bounding box less than 1 away from the line, by falling |dy| + |dx|; equal ones in raster
    order of the signed coordinates.
    """
    dy, dx = offset
    rows = range(min(0, dy), max(0, dy) + 1)
    columns = range(min(0, dx), max(0, dx) + 1)
    box = ((y, x) for y in rows for x in columns)
    near = (cell for cell in box if (dy * cell[1] - dx * cell[0]) ** 2 < dy * dy + dx * dx)
    return tuple(sorted(near, key=lambda cell: -abs(cell[0]) - abs(cell[1])))


@lru_cache(maxsize=8)
def pair_paths(radius: int) -> tuple[Path, ...]:
    """The path of every offset of `pairs.pair_offsets`, short paths first: 34 for radius 5, 152 for radius 10.

    Paths of one length keep the order of their offsets. The first cell of a path is its offset.
    """
    return tuple(sorted((path_cells(offset) for offset in pair_offsets(radius)), key=len))


def path_offsets(radius: int) -> list[tuple[int, int]]:
    """The offsets (dy, dx) of all pairs in the order of `pair_paths`: that of axis P everywhere in IRN.

    Hand it to the functions of `affinity.pairs` that take `offsets`.
    """
    return [path[0] for path in pair_paths(radius)]


def path_pair_indices(grid_hw: tuple[int, int], radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices y*w+x of the from-cells (n,) and of their partners (P, n), int64, in the order of `path_offsets`."""
    return pair_indices(grid_hw, radius, path_offsets(radius))


class _PathMaximum(torch.autograd.Function):
    """Largest value on the path of every pair, one cell of one path at a time.

    The original gathers all paths: (B, length, n) floats per offset and an index of that size (223 MB for radius 10 on
    128x128 cells). Shifted windows of the grid need neither, and nothing but input and result is kept for the backward
    pass, which finds the place of the maximum again. Of equal cells the first of the path takes the gradient, as in a
    maximum over gathered paths.
    """

    @staticmethod
    def forward(ctx, edge_Bhw: torch.Tensor, radius: int) -> torch.Tensor:  # type: ignore[no-untyped-def]
        grid_hw = (edge_Bhw.shape[1], edge_Bhw.shape[2])
        rows, columns = from_grid_hw(grid_hw, radius)
        paths = pair_paths(radius)
        maximum_BPhw = edge_Bhw.new_empty(edge_Bhw.shape[0], len(paths), rows, columns)
        for number, path in enumerate(paths):
            largest_Bhw = maximum_BPhw[:, number]
            for step, (_, cell) in enumerate(pair_windows(grid_hw, radius, path)):
                window_Bhw = edge_Bhw[:, cell[0], cell[1]]
                largest_Bhw.copy_(window_Bhw) if step == 0 else torch.maximum(largest_Bhw, window_Bhw, out=largest_Bhw)
        ctx.save_for_backward(edge_Bhw, maximum_BPhw)
        ctx.radius = radius
        return maximum_BPhw.flatten(2)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_BPn: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[no-untyped-def]
        edge_Bhw, maximum_BPhw = ctx.saved_tensors
        grid_hw = (edge_Bhw.shape[1], edge_Bhw.shape[2])
        grad_Bhw = torch.zeros_like(edge_Bhw)
        for number, path in enumerate(pair_paths(ctx.radius)):
            left_Bhw = grad_BPn[:, number].reshape(maximum_BPhw[:, number].shape).clone()
            for _, cell in pair_windows(grid_hw, ctx.radius, path):
                taken_Bhw = left_Bhw * (edge_Bhw[:, cell[0], cell[1]] == maximum_BPhw[:, number])
                grad_Bhw[:, cell[0], cell[1]] += taken_Bhw
                left_Bhw -= taken_Bhw
        return grad_Bhw, None


def path_affinity(edge_Bhw: torch.Tensor, radius: int) -> torch.Tensor:
    """Affinities (B, P, n) of all pairs: 1 - the largest boundary score on the path, both ends included.

    Differentiable; memory of the result only, forward and backward.

    Args:
        edge_Bhw: boundary scores in [0, 1] (after the sigmoid) of a batch of grids, any floating dtype and device.
        radius: pair radius in cells, see `TRAINING_RADIUS` and `WALK_RADIUS`.

    Returns:
        In [0, 1]; axis P in the order of `path_offsets(radius)`, axis n the from-cells of `pairs.pair_indices`,
        row-major. A grid too small for any pair gives n = 0.

    Raises:
        ValueError: not a batch of grids.
    """
    if edge_Bhw.ndim != 3:
        raise ValueError(f"expected boundary maps (B, h, w), found shape {tuple(edge_Bhw.shape)}")
    return 1 - _PathMaximum.apply(edge_Bhw, radius)
