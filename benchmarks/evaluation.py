"""mIoU of label maps: one histogram per image against masks per class and image.

Baseline: what the published evaluation scripts of this family do: for every class the sums of (prediction == class),
(truth == class) and of both, over the pixels whose truth is not 255.
"""

import numpy as np

from benchmarks.pictures import CLASS_COUNT, IGNORE, SIZE_HW, label_map
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import mean_iou

IMAGES = 20


def masks_per_class(truths: list[np.ndarray], predictions: list[np.ndarray]) -> float:
    """mIoU the plain way."""
    sums = np.zeros((3, CLASS_COUNT), np.int64)
    for truth, prediction in zip(truths, predictions, strict=True):
        known = truth < IGNORE
        hit = (prediction == truth) * known
        for label in range(CLASS_COUNT):
            sums[0, label] += np.sum((prediction == label) * known)
            sums[1, label] += np.sum((truth == label) * known)
            sums[2, label] += np.sum((truth == label) * hit)
    union = sums[0] + sums[1] - sums[2]
    return float(np.mean(sums[2][union > 0] / union[union > 0]))


def pooled_counts(truths: list[np.ndarray], predictions: list[np.ndarray]) -> float:
    """mIoU from pooled confusion counts."""
    counts = np.zeros((CLASS_COUNT, CLASS_COUNT + 1), np.int64)
    for truth, prediction in zip(truths, predictions, strict=True):
        counts += confusion_counts(truth, prediction, CLASS_COUNT)
    return float(mean_iou(counts))


def run() -> list[Comparison]:
    """20 label maps; the time of decoding PNG files is left out of both."""
    truths = [label_map(seed) for seed in range(IMAGES)]
    predictions = [
        np.where(label_map(seed + 7) == IGNORE, 0, label_map(seed + 7)).astype(np.uint8) for seed in range(IMAGES)
    ]
    plain_ms, expected = best_time_ms(lambda: masks_per_class(truths, predictions), repeats=3)
    our_ms, value = best_time_ms(lambda: pooled_counts(truths, predictions))
    assert abs(value - expected) < 1e-12, "both ways must give the same mIoU"
    size = f"{IMAGES} maps {SIZE_HW[0]}x{SIZE_HW[1]}"
    return [Comparison("evaluation, 21 classes", size, "ms", plain_ms, our_ms, target=8)]
