"""Boundary IoU (Cheng et al., CVPR 2021): IoU of the parts of two masks that lie near their own outlines."""

import cv2
import numpy as np

from wsss_core.label_ids import IGNORE, RESERVED

DILATION_RATIO = 0.02  # of the image diagonal, as published


def boundary_width(size_hw: tuple[int, int], dilation_ratio: float = DILATION_RATIO) -> int:
    """Width of the boundary band in pixels: the ratio times the diagonal, rounded, at least 1."""
    return max(1, round(dilation_ratio * float(np.hypot(*size_hw))))


def boundary_band(mask_HW: np.ndarray, width: int) -> np.ndarray:
    """Pixels of a bool mask (H, W) at most `width` (maximum norm) from its outside; beyond the image is outside."""
    mask = mask_HW.astype(np.uint8)
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inside = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return (mask > inside).astype(bool)


def boundary_counts(
    truth_HW: np.ndarray, prediction_HW: np.ndarray, class_count: int, dilation_ratio: float = DILATION_RATIO
) -> np.ndarray:
    """Pixels in the intersection and the union of the two boundary bands, (K, 2) int64, per class, of one image.

    Label maps (H, W). Pixels whose truth is 255 are taken from both masks before the bands are drawn, so that a
    prediction is not judged by where in the ignored seam its outline runs. Sum over the images of a split, then
    `boundary_iou`.
    """
    if truth_HW.shape != prediction_HW.shape:
        raise ValueError(f"expected a prediction of the truth's size {truth_HW.shape}, found {prediction_HW.shape}")
    width = boundary_width((truth_HW.shape[0], truth_HW.shape[1]), dilation_ratio)
    seen_HW = np.where(truth_HW == IGNORE, IGNORE, prediction_HW)
    counts = np.zeros((class_count, 2), np.int64)
    for label in _labels_in(truth_HW, seen_HW, class_count):
        truth_mask, seen_mask = truth_HW == label, seen_HW == label
        truth_band, seen_band = boundary_band(truth_mask, width), boundary_band(seen_mask, width)
        counts[label] = np.count_nonzero(truth_band & seen_band), np.count_nonzero(truth_band | seen_band)
    return counts


def _labels_in(truth_HW: np.ndarray, seen_HW: np.ndarray, class_count: int) -> list[int]:
    """Label ids below `class_count` with a pixel in either map."""
    is_seen = np.bincount(truth_HW.reshape(-1), minlength=class_count)[:class_count] > 0
    is_seen |= np.bincount(seen_HW.reshape(-1), minlength=class_count)[:class_count] > 0
    return [int(label) for label in np.flatnonzero(is_seen) if label not in RESERVED]


def boundary_iou(counts: np.ndarray) -> np.ndarray:
    """Boundary IoU per class (K,) float64 in [0, 1] from pooled `boundary_counts`; NaN for an absent class."""
    return np.divide(counts[:, 0], counts[:, 1], out=np.full(len(counts), np.nan), where=counts[:, 1] > 0)
