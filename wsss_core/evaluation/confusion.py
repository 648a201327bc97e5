"""Confusion counts of label maps, pooled over pixels, one pass per image."""

import numpy as np

from wsss_core.label_ids import IGNORE, is_known

_TRUTH, _PREDICTION = "truth", "prediction"


def confusion_counts(truth_HW: np.ndarray, prediction_HW: np.ndarray, class_count: int) -> np.ndarray:
    """Counts (K, K+1) int64 of one image: row = true label id, column = predicted label id, last column = no label.

    Both maps are uint8 or uint16 of one shape with ids 0..K-1 or 255; K counts names by label id, see `label_ids`.
    Pixels whose truth is 255 do not count. A prediction of 255 where the truth is known is an answer withheld: it goes
    to the last column, so it counts as wrong for the true class (a false negative) and as a false positive for none.
    Sum the counts of all images of a split, then see `iou`. Raises `ValueError` for other shapes, types or ids.
    """
    _check_shapes(truth_HW, prediction_HW, class_count)
    size = max(class_count, IGNORE + 1)
    _check_range(truth_HW, size, _TRUTH, class_count)
    _check_range(prediction_HW, size, _PREDICTION, class_count)
    # Every pair of labels has a number: one histogram counts all classes, and needs no mask for 255.
    pairs = truth_HW.astype(np.uint32 if size > IGNORE + 1 else np.uint16) * size + prediction_HW
    table = np.bincount(pairs.reshape(-1), minlength=size * size).reshape(size, size)
    table[IGNORE] = 0
    _check_ids(np.asarray(table.any(axis=1)), _TRUTH, class_count)
    withheld = table[:class_count, IGNORE].copy()
    table[:, IGNORE] = 0
    _check_ids(np.asarray(table.any(axis=0)), _PREDICTION, class_count)
    return np.concatenate([table[:class_count, :class_count], withheld[:, None]], axis=1)


def _check_shapes(truth_HW: np.ndarray, prediction_HW: np.ndarray, class_count: int) -> None:
    if class_count < 1:
        raise ValueError(f"expected at least one class, the background included, found {class_count}")
    if truth_HW.shape != prediction_HW.shape:
        raise ValueError(f"expected a prediction of the truth's size {truth_HW.shape}, found {prediction_HW.shape}")
    if any(labels.dtype not in (np.uint8, np.uint16) for labels in (truth_HW, prediction_HW)):
        raise ValueError(
            f"expected uint8 or uint16 label maps, found truth {truth_HW.dtype} and prediction {prediction_HW.dtype}"
        )


def _check_range(label_HW: np.ndarray, size: int, name: str, class_count: int) -> None:
    if label_HW.dtype != np.uint8 and label_HW.size and (highest := int(label_HW.max())) >= size:
        raise _strange(name, highest, class_count)


def _check_ids(is_seen: np.ndarray, name: str, class_count: int) -> None:
    """`is_seen` bool by label id, without 255."""
    labels = np.flatnonzero(is_seen)
    if (strange := labels[~is_known(labels, class_count)]).size:
        raise _strange(name, int(strange[0]), class_count)


def _strange(name: str, label: int, class_count: int) -> ValueError:
    remedy = ": check that truth and class list belong to the same data set" if name == _TRUTH else ""
    return ValueError(f"the {name} holds label {label}, expected 0..{class_count - 1} or {IGNORE}{remedy}")
