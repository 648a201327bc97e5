"""Which pairs of grid cells should have a high affinity and which a low one (PSA, CVPR 2018; IRN, CVPR 2019)."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch

from wsss_core.affinity.pairs import from_grid_hw, pair_windows
from wsss_core.label_ids import BACKGROUND, IGNORE

ArrayT = TypeVar("ArrayT", np.ndarray, torch.Tensor)


class PairTargets(NamedTuple, Generic[ArrayT]):
    """Three bool arrays (..., P, n), at most one of them true per pair; pairs with an ignored cell are in none."""

    background: ArrayT
    foreground: ArrayT
    negative: ArrayT


def pair_targets(
    label_hw: ArrayT, radius: int, offsets: Sequence[tuple[int, int]] | None = None
) -> PairTargets[ArrayT]:
    """The targets of every pair of a label grid (h, w) or a batch of them (B, h, w), integers with 255 = ignore.

    Same label 0: background; same other label: foreground; different, neither ignored: negative. Arrays give arrays,
    tensors tensors on the same device. `offsets`: those of axis P, by default in the order of `pairs.pair_offsets`.
    """
    grid_hw = (label_hw.shape[-2], label_hw.shape[-1])
    rows, columns = from_grid_hw(grid_hw, radius)
    flat = (*label_hw.shape[:-2], rows * columns)
    windows = list(pair_windows(grid_hw, radius, offsets))
    source_1n = label_hw[..., windows[0][0][0], windows[0][0][1]].reshape(flat)[..., None, :]
    partner_Pn = _stack([label_hw[..., below, beside].reshape(flat) for _, (below, beside) in windows])
    equal = source_1n == partner_Pn
    sure = (source_1n != IGNORE) & (partner_Pn != IGNORE)
    is_background = source_1n == BACKGROUND
    return PairTargets(
        background=equal & is_background, foreground=equal & ~is_background & sure, negative=~equal & sure
    )


def _stack(arrays: list[ArrayT]) -> ArrayT:
    if isinstance(arrays[0], torch.Tensor):
        return torch.stack(arrays, dim=-2)
    return np.stack(arrays, axis=-2)
