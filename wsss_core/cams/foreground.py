"""From class scores to one foreground score and one label per pixel: the rule shared by seeds and threshold curves."""

from collections.abc import Sequence

import numpy as np

from wsss_core.label_ids import BACKGROUND, label_type


def has_own_background(class_ids: Sequence[int] | np.ndarray) -> bool:
    """Whether the first channel of the scores belongs to the background (label id 0)."""
    return len(class_ids) > 0 and int(class_ids[0]) == BACKGROUND


def best_foreground(scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strongest foreground class and its score per pixel: label ids (H, W), values (H, W) float32.

    `scores_KHW` float with one channel per entry of `class_ids` (ascending label ids). Of equal classes the first wins.
    With a background channel of its own (id 0) the value is the share fg / (fg + bg), in [0, 1] for scores >= 0, and 0
    where both are 0; otherwise it is the score itself. No foreground class: label 0 and value 0 everywhere.
    A pixel is foreground at threshold t exactly if value > t, so the background wins a tie.
    """
    if scores_KHW.ndim != 3 or scores_KHW.shape[0] != len(class_ids):
        raise ValueError(f"expected scores ({len(class_ids)}, H, W), one per class id, found shape {scores_KHW.shape}")
    first = 1 if has_own_background(class_ids) else 0
    label_HW = np.zeros(scores_KHW.shape[1:], label_type(int(max(class_ids, default=0))))
    value_HW = np.zeros(scores_KHW.shape[1:], np.float32)
    if len(class_ids) > first:
        label_HW[:] = class_ids[first]
        value_HW[:] = scores_KHW[first]
    for channel in range(first + 1, len(class_ids)):
        better = scores_KHW[channel] > value_HW
        label_HW[better] = class_ids[channel]
        np.maximum(value_HW, scores_KHW[channel], out=value_HW)
    if first and len(class_ids) > first:
        total_HW = value_HW + scores_KHW[0].astype(np.float32, copy=False)
        value_HW = np.divide(value_HW, total_HW, out=np.zeros_like(value_HW), where=total_HW > 0)
    return label_HW, value_HW


def power_background(foreground_CHW: np.ndarray, alpha: float) -> np.ndarray:
    """Background score (H, W) float32 = (1 - max over the classes)^alpha, for class scores in [0, 1].

    A high alpha makes the background weak. Without any class (C = 0) it is 1 everywhere. (PSA, Ahn & Kwak, CVPR 2018)
    """
    strongest_HW = foreground_CHW.max(axis=0, initial=0.0).astype(np.float32, copy=False)
    return np.power(1.0 - np.minimum(strongest_HW, 1.0), np.float32(alpha))
