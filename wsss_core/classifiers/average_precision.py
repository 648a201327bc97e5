"""Average precision of tag scores, per class."""

from collections.abc import Sequence

import numpy as np

from wsss_core.label_ids import RESERVED


def average_precision(scores_B: np.ndarray, positive_B: np.ndarray) -> float | None:
    """Area under the precision-recall steps, in 0..1, of float scores (B,) against bool truth (B,).

    AP = sum over thresholds of (recall gained) x (precision there), without interpolation. Equal scores share one
    threshold, so the result does not depend on the order of the images. None without a positive.
    """
    if scores_B.shape != positive_B.shape or scores_B.ndim != 1:
        raise ValueError(f"expected scores and truth in one shape (B,), found {scores_B.shape} and {positive_B.shape}")
    positive_B = positive_B.astype(bool)
    if not positive_B.any():
        return None
    order = np.argsort(-scores_B, kind="stable")
    scores_B, hits_B = scores_B[order], np.cumsum(positive_B[order])
    last_of_equals = np.append(scores_B[1:] != scores_B[:-1], True)
    hits, taken = hits_B[last_of_equals], np.flatnonzero(last_of_equals) + 1
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * hits / taken).sum())


def average_precisions(scores_BC: np.ndarray, tags_BC: np.ndarray, names: Sequence[str]) -> dict[str, float | None]:
    """Average precision per class name; None for a class that no image has. `names`: by label id, counted from 1."""
    real = [(column, name) for column, name in enumerate(names) if name not in RESERVED.values()]
    return {name: average_precision(scores_BC[:, column], tags_BC[:, column] > 0) for column, name in real}


def mean_average_precision(per_class: dict[str, float | None]) -> float | None:
    """Mean over the classes that have a figure; None if none has."""
    known = [value for value in per_class.values() if value is not None]
    return float(np.mean(known)) if known else None
