"""Confusion counts of label maps, pooled over pixels, one pass per image."""

import numpy as np

from wsss_core.label_ids import IGNORE

_VALUES = 256  # of a uint8 label


def confusion_counts(truth_HW: np.ndarray, prediction_HW: np.ndarray, class_count: int) -> np.ndarray:
    """Counts (K, K+1) int64 of one image: row = true label id, column = predicted label id, last column = no label.

    Both maps are uint8 of one shape with ids 0..K-1 or 255. Pixels whose truth is 255 do not count. A prediction of 255
    where the truth is known is an answer withheld: it goes to the last column, so it counts as wrong for the true
    class (a false negative) and as a false positive for none. Sum the counts of all images of a split, then see `iou`.
    Raises `ValueError` for other shapes, types or ids.
    """
    _check_shapes(truth_HW, prediction_HW, class_count)
    # Every pair of bytes has a number below 65536: one histogram counts all classes, and needs no mask for 255.
    pairs = (truth_HW.astype(np.uint16) << 8) | prediction_HW
    table = np.bincount(pairs.reshape(-1), minlength=_VALUES * _VALUES).reshape(_VALUES, _VALUES)
    known = table[:class_count]
    _check_ids(table, known, class_count)
    return np.concatenate([known[:, :class_count], known[:, IGNORE:]], axis=1)


def _check_shapes(truth_HW: np.ndarray, prediction_HW: np.ndarray, class_count: int) -> None:
    if not 1 <= class_count <= IGNORE:
        raise ValueError(f"expected 1 to {IGNORE} classes including the background, found {class_count}")
    if truth_HW.shape != prediction_HW.shape:
        raise ValueError(f"expected a prediction of the truth's size {truth_HW.shape}, found {prediction_HW.shape}")
    if truth_HW.dtype != np.uint8 or prediction_HW.dtype != np.uint8:
        raise ValueError(
            f"expected uint8 label maps, found truth {truth_HW.dtype} and prediction {prediction_HW.dtype}"
        )


def _check_ids(table: np.ndarray, known: np.ndarray, class_count: int) -> None:
    strange_truth = np.flatnonzero(table[class_count:IGNORE].any(axis=1)) + class_count
    if strange_truth.size:
        raise ValueError(
            f"the truth holds label {strange_truth[0]}, expected 0..{class_count - 1} or {IGNORE}: "
            "check that truth and class list belong to the same data set"
        )
    strange_prediction = np.flatnonzero(known[:, class_count:IGNORE].any(axis=0)) + class_count
    if strange_prediction.size:
        raise ValueError(
            f"the prediction holds label {strange_prediction[0]}, expected 0..{class_count - 1} or {IGNORE}"
        )
