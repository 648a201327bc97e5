"""What an over-segmentation can give at best: every region takes its most frequent true label."""

from collections.abc import Iterable

import numpy as np

from wsss_core.label_ids import IGNORE, label_type


def achievable_label(truth_HW: np.ndarray, masks: Iterable[np.ndarray], class_count: int) -> np.ndarray:
    """The label map (H, W) that a seed method would paint if it knew the truth of every region.

    `truth_HW` label ids, 255 = ignore. `masks` bool (H, W) in painting order (from large to small, see
    `artifacts.region_masks`); each takes the label that most of its pixels with known truth have, the smallest id of
    equals, and covers earlier ones. The pixels in no region count as one more region, painted first. A region without
    known truth changes nothing.
    """
    regions = [indices for indices in map(np.flatnonzero, masks) if indices.size]
    truth, label = truth_HW.reshape(-1), np.zeros(truth_HW.size, label_type(class_count - 1))
    free, known = np.ones(truth.size, bool), truth != IGNORE
    for indices in regions:
        free[indices] = False
    for indices in (np.flatnonzero(free), *regions):
        votes = np.bincount(truth[indices][known[indices]], minlength=class_count)[:class_count]
        if votes.any():
            label[indices] = votes.argmax()
    return label.reshape(truth_HW.shape)
