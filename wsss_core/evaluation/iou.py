"""Intersection over union from pooled confusion counts, as PASCAL VOC defines it."""

import numpy as np


def class_iou(counts: np.ndarray) -> np.ndarray:
    """IoU per class (..., K) float64 in [0, 1]; NaN for a class that is in no truth and no prediction.

    `counts` (..., K, K) or (..., K, K+1), row = truth, column = prediction, last column = no label (see `confusion`);
    leading axes (such as thresholds) are kept.
    """
    class_count = counts.shape[-2]
    if counts.shape[-1] not in (class_count, class_count + 1):
        raise ValueError(f"expected counts (K, K) or (K, K+1), found shape {counts.shape}")
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    union = counts.sum(axis=-1) + counts[..., :class_count].sum(axis=-2) - hits
    return np.divide(hits, union, out=np.full(hits.shape, np.nan), where=union > 0)


def mean_iou(counts: np.ndarray) -> np.ndarray:
    """Mean of `class_iou` over the classes present (...) float64; NaN where no class is."""
    return mean_over_present(class_iou(counts))


def mean_over_present(iou_K: np.ndarray) -> np.ndarray:
    """Mean over the last axis without the NaN entries, NaN where all are."""
    present = ~np.isnan(iou_K)
    total = np.where(present, iou_K, 0.0).sum(axis=-1)
    count = present.sum(axis=-1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
