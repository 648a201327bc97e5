"""Overlapping masks made into one label map: larger masks below, smaller ones on top."""

import numpy as np

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import iter_masks
from wsss_core.regions.partition import UNCOVERED


def paint_large_to_small(row: RegionRow) -> np.ndarray:
    """Int32 map (H, W): the number i + 1 of the smallest region i that holds the pixel, `UNCOVERED` where none does.

    Of equally large regions the later one lies on top. A region that smaller ones cover entirely does not appear.
    """
    label_HW = np.full(row.size_hw, UNCOVERED, np.int32)
    order = np.argsort(-row.area.astype(np.int64), kind="stable")
    masks = iter_masks([row.rles[index] for index in order], row.size_hw)
    for index, mask_HW in zip(order, masks, strict=True):
        label_HW[mask_HW] = index + 1
    return label_HW
