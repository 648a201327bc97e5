"""From scored areas to detected instances: one per connected piece (IRN, Ahn et al., CVPR 2019)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.ndimage


@dataclass(frozen=True)
class Piece:
    """A detected instance. `mask_HW` bool, not empty; `score` its largest score; `channel` from 0."""

    channel: int
    score: float
    mask_HW: np.ndarray


def connected_pieces(owner_HW: np.ndarray, score_HW: np.ndarray, minimum_area: float) -> Iterator[Piece]:
    """The pieces of every channel, channels ascending, within a channel in raster order.

    `owner_HW` int: 0 for none, n for channel n-1. `score_HW` float: score of the pixel for its channel. Pieces are
    4-connected. One with fewer than `minimum_area` pixels is too small to be trusted and has score 0.
    """
    for number in np.unique(owner_HW[owner_HW > 0]):
        piece_HW, count = scipy.ndimage.label(owner_HW == number)
        for index in range(1, count + 1):
            mask_HW = piece_HW == index
            large = np.count_nonzero(mask_HW) >= minimum_area
            yield Piece(int(number) - 1, float(score_HW[mask_HW].max()) if large else 0.0, mask_HW)
