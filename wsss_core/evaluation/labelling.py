"""From a row of any evaluated kind to the label map that is compared with the truth."""

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.instance_masks import instance_labels
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow, unlabelled_ignored
from wsss_core.artifacts.region_masks import masks_large_to_small
from wsss_core.artifacts.regions import RegionRow
from wsss_core.cams.foreground import best_foreground
from wsss_core.evaluation.achievable import achievable_label
from wsss_core.label_ids import BACKGROUND


def label_of(row: Row, truth_HW: np.ndarray, class_count: int, threshold: float | None) -> np.ndarray:
    """Label map (H, W) of a row: stored labels (unlabelled as 255), CAMs at `threshold`, regions at best,
    instances painted.

    `truth_HW` is looked at for regions alone. Raises TypeError for rows of other kinds.
    """
    if isinstance(row, LabelRow):
        return unlabelled_ignored(row.label_HW)
    if isinstance(row, InstanceRow):
        return instance_labels(row)
    if isinstance(row, RegionRow):
        return achievable_label(truth_HW, masks_large_to_small(row), class_count)
    if isinstance(row, CamRow) and threshold is not None:
        return cam_label(row.scores(), row.class_ids, threshold)
    raise TypeError(f"a {type(row).__name__} cannot be made a label map (threshold {threshold})")


def cam_label(scores_KHW: np.ndarray, class_ids: np.ndarray, threshold: float) -> np.ndarray:
    """Label map (H, W): the strongest class where its score is above `threshold`, else background.

    With a background channel of its own, the share fg / (fg + bg) is compared (see `cams.foreground`). The comparison
    is in float32, as in the threshold curve.
    """
    label_HW, value_HW = best_foreground(scores_KHW, class_ids)
    return np.where(value_HW > np.float32(threshold), label_HW, BACKGROUND)
