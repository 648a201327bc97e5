"""The instances of an `InstanceRow` painted into one map: where masks overlap, the higher score is seen."""

import numpy as np

from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.rle import decode_masks
from wsss_core.label_ids import IGNORE, as_labels


def trusted(row: InstanceRow) -> np.ndarray:
    """Places (n,) of the instances with a score above 0 by falling score, equal ones in stored order."""
    order = np.argsort(-row.scores, kind="stable")
    return order[row.scores[order] > 0]


def instance_numbers(row: InstanceRow) -> np.ndarray:
    """Number of the instance at each pixel, int32 (H, W): 0 for none, n for the instance at place n-1 of the row.

    Of several at one pixel the one with the highest score, of equals the first. Instances of score 0 are left out.
    """
    number_HW = np.zeros(row.size_hw, np.int32)
    for place in trusted(row)[::-1]:
        number_HW[decode_masks(row.rles[place : place + 1], row.size_hw)[0]] = place + 1
    return number_HW


def object_numbers(row: InstanceRow) -> np.ndarray:
    """The instances that are seen, numbered from 1 by falling score without gaps: uint8 (H, W), 0 for none.

    Raises ValueError for more than 254, as 255 means void in such a map.
    """
    number_HW = instance_numbers(row)
    seen = set(np.unique(number_HW))
    shown = [place + 1 for place in trusted(row) if place + 1 in seen]
    if len(shown) >= IGNORE:
        raise ValueError(f"image {row.image_id!r}: expected at most {IGNORE - 1} instances, found {len(shown)}")
    compact = np.zeros(len(row.rles) + 1, np.uint8)
    compact[shown] = np.arange(1, len(shown) + 1)
    return compact[number_HW]


def instance_labels(row: InstanceRow) -> np.ndarray:
    """Label map (H, W) of the painted instances: 0 where there is none."""
    return as_labels(np.concatenate([[0], row.class_ids]))[instance_numbers(row)]
