"""From class scores to the row of a label map."""

import numpy as np

from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE, LabelRow
from wsss_core.label_ids import best_label


def label_row(image_id: str, scores_KHW: np.ndarray, with_confidence: bool) -> LabelRow:
    """The most probable label per pixel (the lower id among equals) and, if wanted, its probability as 0..255."""
    label_HW = best_label(scores_KHW)
    if not with_confidence:
        return LabelRow(image_id, label_HW)
    confidence_HW = np.round(MAXIMUM_CONFIDENCE * scores_KHW.max(axis=0).clip(0, 1)).astype(np.uint8)
    return LabelRow(image_id, label_HW, confidence_HW)
