"""Which grid cells form a pair, and how alike the two cells of each pair are (PSA, Ahn & Kwak, CVPR 2018).

A pair is a "from" cell and the cell at one of the `offsets`. With radius r the from-cells are the rows 0 .. h-r and
the columns r-1 .. w-r, so that every offset of every from-cell lies inside the grid; n = (h-r+1)(w-2r+2) of them, in
row-major order. Cells of the outer r-1 columns and bottom rows are never "from": two such cells share no pair.
That is an effect of the published recipe and kept.

The functions on grids take any order of the offsets: PSA's own is the default, IRN has another (`affinity.paths`).

Axes: `P` offsets, `n` from-cells; otherwise the legend of docs/architecture.md.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

RADIUS = 5  # cells; the published value, of training and of the walk alike


def pair_offsets(radius: int) -> list[tuple[int, int]]:
    """The offsets (dy, dx) strictly inside `radius`, half of the disc, in the published order: 34 for radius 5.

    First (0, 1) .. (0, r-1), then rows dy = 1 .. r-1, each with dx ascending from -(r-1).
    """
    if radius < 1:
        raise ValueError(f"expected a pair radius of at least 1 cell, found {radius}")
    reach = radius - 1
    right = [(0, dx) for dx in range(1, radius)]
    below = [(dy, dx) for dy in range(1, radius) for dx in range(-reach, radius) if dx * dx + dy * dy < radius * radius]
    return right + below


def from_grid_hw(grid_hw: tuple[int, int], radius: int) -> tuple[int, int]:
    """Rows and columns of the block of from-cells, (0, 0) where the grid is too small to hold any."""
    rows = grid_hw[0] - (radius - 1)
    columns = grid_hw[1] - 2 * (radius - 1)
    return (rows, columns) if rows > 0 and columns > 0 else (0, 0)


def pair_windows(
    grid_hw: tuple[int, int], radius: int, offsets: Sequence[tuple[int, int]] | None = None
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """For every offset the (row, column) slices of the from-cells and of their partners.

    `offsets` (dy, dx) with 0 <= dy < radius and |dx| < radius; by default `pair_offsets`.
    """
    rows, columns = from_grid_hw(grid_hw, radius)
    reach = radius - 1
    source = (slice(0, rows), slice(reach, reach + columns) if columns else slice(0, 0))
    for dy, dx in pair_offsets(radius) if offsets is None else offsets:
        partner_columns = slice(reach + dx, reach + dx + columns) if columns else slice(0, 0)
        yield source, (slice(dy, dy + rows) if rows else slice(0, 0), partner_columns)


def pair_indices(
    grid_hw: tuple[int, int], radius: int, offsets: Sequence[tuple[int, int]] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Flat indices y*w+x of the from-cells (n,) and of their partners (P, n), int64; n may be 0.

    `offsets`: see `pair_windows`.
    """
    index_hw = np.arange(grid_hw[0] * grid_hw[1], dtype=np.int64).reshape(grid_hw)
    windows = list(pair_windows(grid_hw, radius, offsets))
    rows, columns = from_grid_hw(grid_hw, radius)
    partners = [index_hw[partner].reshape(-1) for _, partner in windows]
    source = index_hw[:rows, radius - 1 : radius - 1 + columns] if columns else index_hw[:0]
    to_Pn = np.stack(partners) if partners else np.zeros((0, source.size), np.int64)
    return source.reshape(-1), to_Pn


class _PairDistance(torch.autograd.Function):
    """Mean absolute feature difference of every pair, one offset at a time.

    A gather of both sides, or plain autograd through the differences, holds (D, P·n) floats several times over;
    here both directions need one (D, n) block, because the backward pass takes the differences again.
    """

    @staticmethod
    def forward(ctx, features_BDhw: torch.Tensor, radius: int) -> torch.Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(features_BDhw)
        ctx.radius = radius
        grid_hw = (features_BDhw.shape[2], features_BDhw.shape[3])
        rows, columns = from_grid_hw(grid_hw, radius)
        windows = list(pair_windows(grid_hw, radius))
        distance_BPn = features_BDhw.new_zeros(features_BDhw.shape[0], len(windows), rows * columns)
        for number, (source, partner) in enumerate(windows):
            difference = features_BDhw[:, :, source[0], source[1]] - features_BDhw[:, :, partner[0], partner[1]]
            distance_BPn[:, number] = difference.abs_().mean(dim=1).flatten(1)
        return distance_BPn

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_BPn: torch.Tensor) -> tuple[torch.Tensor, None]:  # type: ignore[no-untyped-def]
        (features_BDhw,) = ctx.saved_tensors
        grid_hw = (features_BDhw.shape[2], features_BDhw.shape[3])
        rows, columns = from_grid_hw(grid_hw, ctx.radius)
        grad_features = torch.zeros_like(features_BDhw)
        share_BPn = grad_BPn / features_BDhw.shape[1]
        for number, (source, partner) in enumerate(pair_windows(grid_hw, ctx.radius)):
            difference = features_BDhw[:, :, source[0], source[1]] - features_BDhw[:, :, partner[0], partner[1]]
            flow = difference.sign_().mul_(share_BPn[:, number].unflatten(1, (rows, columns)).unsqueeze(1))
            grad_features[:, :, source[0], source[1]] += flow
            grad_features[:, :, partner[0], partner[1]] -= flow
        return grad_features, None


def pair_affinity(features_BDhw: torch.Tensor, radius: int) -> torch.Tensor:
    """Affinities (B, P, n) in (0, 1]: exp(-mean over the D channels of |f_from - f_to|), differentiable.

    A grid too small for any pair gives n = 0.
    """
    if features_BDhw.ndim != 4:
        raise ValueError(f"expected features (B, D, h, w), found shape {tuple(features_BDhw.shape)}")
    distance_BPn = _PairDistance.apply(features_BDhw, radius)
    return torch.exp(-distance_BPn)
