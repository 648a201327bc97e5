"""The masks of a `RegionRow`, decoded one at a time: a thousand bool masks of a large image would fill the memory."""

import warnings
from collections.abc import Iterator

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.regions import RegionRow


def decode_rle(counts: bytes, size_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of a compressed COCO RLE."""
    with warnings.catch_warnings():
        # pycocotools 2.0.11 answers numpy 2 in the old manner; the mask is right.
        warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
        mask_HW: np.ndarray = coco_mask.decode({"size": list(size_hw), "counts": counts}).astype(bool)
    return mask_HW


def masks_large_to_small(row: RegionRow, minimum_area: int = 1) -> Iterator[np.ndarray]:
    """The masks, bool (H, W), by falling area (equal areas in stored order), without those below `minimum_area` pixels.

    Painted in this order, a part ends up on top of the whole that contains it.
    """
    for number in np.argsort(-row.area.astype(np.int64), kind="stable"):
        if row.area[number] >= minimum_area:
            yield decode_rle(row.rles[number], row.size_hw)
