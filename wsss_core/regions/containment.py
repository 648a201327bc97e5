"""Parts that larger masks contain are dropped (FMA-WSSS, WACV 2024): wholes, then parts, then subparts."""

from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco

Code = dict[str, object]

LEVELS = (2, 1, 0)
"""Whole, part, subpart: the order in which masks are taken."""


def free_standing(rles: Sequence[bytes], level_R: np.ndarray, size_hw: tuple[int, int], threshold: float) -> np.ndarray:
    """Indices int64 (K,) of the masks that stay: all of the highest level that there is, then those of each lower level
    of which less than `threshold` lies in any single mask kept from the levels above. Within a level the order stays.

    Masks of one level are not compared. An empty mask that is compared goes. Overlaps come from the run lengths, so
    memory is that of the codes and one float per pair.
    """
    codes: list[Code] = [{"size": list(size_hw), "counts": rle} for rle in rles]
    kept: list[int] = []
    for level in LEVELS:
        here = np.flatnonzero(np.asarray(level_R) == level)
        if kept and len(here):
            share_R = _largest_share([codes[index] for index in here], [codes[index] for index in kept])
            here = here[share_R < threshold]
        kept.extend(here.tolist())
    return np.array(kept, np.int64)


def _largest_share(masks: list[Code], kept: list[Code]) -> np.ndarray:
    """Float64 (R,): the largest part of each mask that lies in one kept mask; infinite for an empty mask."""
    # COCO's IoU with a crowd is the intersection over the area of the mask alone.
    share_RK = coco.iou(masks, kept, [1] * len(kept))
    return np.where(coco.area(masks) > 0, share_RK.max(axis=1), np.inf)
