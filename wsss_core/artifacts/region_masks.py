"""The masks of a `RegionRow` in painting order, decoded a few at a time."""

from collections.abc import Iterable

import numpy as np

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import iter_masks


def masks_large_to_small(row: RegionRow, minimum_area: int = 1) -> Iterable[np.ndarray]:
    """The masks, bool (H, W), by falling area (equal areas in stored order), without those below `minimum_area` pixels.

    Painted in this order, a part ends up on top of the whole that contains it.
    """
    order = np.argsort(-row.area.astype(np.int64), kind="stable")
    return iter_masks([row.rles[number] for number in order if row.area[number] >= minimum_area], row.size_hw)
