"""Any regions made into a partition, where every pixel has exactly one: SAM's masks as over-segmentation for SPML."""

import cv2
import numpy as np

from wsss_core.artifacts.regions import RegionRow
from wsss_core.regions.paint import paint_large_to_small
from wsss_core.regions.partition import UNCOVERED


def full_partition(row: RegionRow, min_area_px: int) -> np.ndarray:
    """Region number (H, W) int32 from 0 on, without gaps.

    Masks that leave pixels uncovered or overlap are painted from large to small, connected parts of the rest get
    numbers of their own, and then parts below `min_area_px` pixels join the neighbour with the longest border. A row
    that is a partition already stays as it is.
    """
    label_HW = paint_large_to_small(row)
    is_partition = int(row.area.sum()) == label_HW.size and not (label_HW == UNCOVERED).any()
    if not is_partition:
        label_HW = _merged(_numbered_parts(label_HW), min_area_px)
    return _compact(label_HW)


def _numbered_parts(label_HW: np.ndarray) -> np.ndarray:
    """The map with a new number for each connected part of what is uncovered."""
    _, part_HW = cv2.connectedComponents((label_HW == UNCOVERED).astype(np.uint8), connectivity=4)
    first = int(label_HW.max(initial=0))
    return np.where(label_HW == UNCOVERED, part_HW + first, label_HW).astype(np.int32)


def _merged(label_HW: np.ndarray, min_area_px: int) -> np.ndarray:
    """Small regions, the smallest first, take the number of the neighbour with the longest common border."""
    label_HW = _compact(label_HW)
    area = np.bincount(label_HW.ravel())
    borders = _borders(label_HW, len(area))
    target = np.arange(len(area))
    for region in np.argsort(area, kind="stable"):
        if area[region] >= min_area_px or not borders[region].any():
            continue
        other = int(borders[region].argmax())
        target[target == region] = other
        area[other] += area[region]
        borders[other] += borders[region]
        borders[:, other] += borders[:, region]
        borders[region], borders[:, region] = 0, 0
        borders[other, other] = 0
    return target[label_HW]


def _borders(label_HW: np.ndarray, count: int) -> np.ndarray:
    """Number of pixel pairs (R, R) on both sides of a common border."""
    pairs = np.concatenate(
        [
            np.stack([label_HW[:, :-1].ravel(), label_HW[:, 1:].ravel()], axis=1),
            np.stack([label_HW[:-1].ravel(), label_HW[1:].ravel()], axis=1),
        ]
    ).astype(np.int64)
    counts = np.bincount(pairs[:, 0] * count + pairs[:, 1], minlength=count * count).reshape(count, count)
    both: np.ndarray = counts + counts.T
    np.fill_diagonal(both, 0)
    return both


def _compact(label_HW: np.ndarray) -> np.ndarray:
    return np.unique(label_HW, return_inverse=True)[1].reshape(label_HW.shape).astype(np.int32)
