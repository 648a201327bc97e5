"""The label map of an image from scores at another size."""

import numpy as np

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.data.uniform_crop import resize_nearest
from wsss_core.label_ids import best_label

_CERTAIN = 255


def at_image_size(image_id: str, score_Khw: np.ndarray, size_hw: tuple[int, int], confidence: bool) -> LabelRow:
    """The best label of every pixel (the first of equals), enlarged by nearest neighbour, and its score as 0..255."""
    label_HW = resize_nearest(best_label(score_Khw), size_hw)
    if not confidence:
        return LabelRow(image_id, label_HW)
    certain_hw = np.round(_CERTAIN * score_Khw.max(axis=0).clip(0, 1)).astype(np.uint8)
    return LabelRow(image_id, label_HW, resize_nearest(certain_hw, size_hw))
