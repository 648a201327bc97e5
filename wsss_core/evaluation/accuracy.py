"""Figures beside the IoU that published codes print, from pooled confusion counts.

`counts` (K, K) or (K, K+1) int, row = truth, column = prediction, last column = no label; see `confusion`.
"""

import numpy as np

from wsss_core.evaluation.iou import class_iou, mean_over_present


def pixel_accuracy(counts: np.ndarray) -> float:
    """Share of the counted pixels that are right, in [0, 1]; NaN without pixels."""
    total = counts.sum()
    return float(np.trace(counts) / total) if total else float("nan")


def mean_accuracy(counts: np.ndarray) -> float:
    """Mean over the classes in the truth of the share of their pixels that are right; NaN without pixels."""
    in_truth = counts.sum(axis=1)
    share_K = np.divide(np.diagonal(counts), in_truth, out=np.full(len(counts), np.nan), where=in_truth > 0)
    return float(mean_over_present(share_K))


def frequency_weighted_iou(counts: np.ndarray) -> float:
    """Mean of the IoU over the classes in the truth, each weighted by its pixels there; NaN without pixels."""
    in_truth = counts.sum(axis=1)
    present = in_truth > 0
    if not present.any():
        return float("nan")
    return float((in_truth[present] * class_iou(counts)[present]).sum() / in_truth.sum())


def mean_iou_of_truth(counts: np.ndarray) -> float:
    """Mean IoU of the classes that the truth has; classes that were only predicted do not count (the public port of
    DeepLab v2). NaN without pixels."""
    present = counts.sum(axis=1) > 0
    return float(mean_over_present(np.where(present, class_iou(counts), np.nan)))
