"""Confusion counts of all background thresholds in one pass over the pixels.

At threshold t a pixel has its strongest class if that class's score is above t, else background (the background wins
ties). A pixel's answer thus changes once along the thresholds: it is counted at its place in the sorted list, and sums
over places give the counts of every threshold, exactly those that separate evaluations would give.
"""

from collections.abc import Sequence

import numpy as np

from wsss_core.cams.foreground import best_foreground
from wsss_core.label_ids import BACKGROUND, IGNORE


def threshold_counts(
    scores_KHW: np.ndarray,
    class_ids: Sequence[int] | np.ndarray,
    truth_HW: np.ndarray,
    thresholds: Sequence[float] | np.ndarray,
    class_count: int,
) -> np.ndarray:
    """Counts (T, K, K) int64 of one image, row = true label id, column = predicted label id.

    `scores_KHW` float with one channel per label id in `class_ids`; if the background has its own channel (id 0), the
    share fg / (fg + bg) is what the thresholds are compared with. `truth_HW`: 255 does not count. `thresholds`
    (T,) ascending; they are compared in float32, as the scores are.
    """
    ids_k, counts_Tkk = present_counts(scores_KHW, class_ids, truth_HW, thresholds, class_count)
    counts_TKK = np.zeros((len(counts_Tkk), class_count, class_count), np.int64)
    counts_TKK[:, ids_k[:, None], ids_k] = counts_Tkk
    return counts_TKK


def present_counts(
    scores_KHW: np.ndarray,
    class_ids: Sequence[int] | np.ndarray,
    truth_HW: np.ndarray,
    thresholds: Sequence[float] | np.ndarray,
    class_count: int,
) -> tuple[np.ndarray, np.ndarray]:
    """`threshold_counts` without the rows and columns of classes that are neither in the truth nor scored.

    Label ids (k,) ascending, the background among them, and counts (T, k, k) int64: an image has few of many classes.
    """
    limits = np.asarray(thresholds, np.float32)
    if limits.ndim != 1 or limits.size == 0 or (np.diff(limits) < 0).any():
        raise ValueError(f"expected thresholds in ascending order, found {np.asarray(thresholds).tolist()}")
    if scores_KHW.shape[1:] != truth_HW.shape:
        raise ValueError(f"expected scores of the truth's size {truth_HW.shape}, found {scores_KHW.shape[1:]}")
    label_HW, value_HW = best_foreground(scores_KHW, class_ids)
    counted = truth_HW != IGNORE
    truth, label = truth_HW[counted], label_HW[counted]
    for name, ids in (("truth", truth), ("scores", np.asarray(class_ids))):
        if ids.size and int(ids.max()) >= class_count:
            raise ValueError(f"the {name} hold label {int(ids.max())}, expected 0..{class_count - 1} or {IGNORE}")
    is_present = np.zeros(class_count, bool)
    for ids in (truth, label, [BACKGROUND]):
        is_present[ids] = True
    ids_k, place_of = np.flatnonzero(is_present), np.cumsum(is_present) - 1
    # `passed`: how many thresholds lie below the score, i.e. at how many of them the pixel is foreground.
    passed = np.searchsorted(limits, value_HW[counted], side="left")
    kinds, places = len(ids_k), limits.size + 1
    index = (place_of[truth] * kinds + place_of[label]) * places + passed
    histogram = np.bincount(index, minlength=kinds * kinds * places).reshape(kinds, kinds, places)
    foreground = np.cumsum(histogram[:, :, :0:-1], axis=2)[:, :, ::-1]
    counts_Tkk = np.moveaxis(foreground, 2, 0).astype(np.int64)
    counts_Tkk[:, :, 0] += histogram.sum(axis=(1, 2)) - counts_Tkk.sum(axis=2)  # the background is the first class
    return ids_k, counts_Tkk
