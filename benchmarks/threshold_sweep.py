"""The curve over 60 background thresholds: one pass over the pixels against one evaluation per threshold.

Baseline: for every threshold the argmax of [threshold, scores] and a full evaluation. It is given this project's fast
confusion counts, so the ratio is that of the sweep alone; with the published evaluation it would be larger.
"""

import numpy as np

from benchmarks.evaluation import masks_per_class
from benchmarks.pictures import CLASS_COUNT, SIZE_HW, class_scores, label_map
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.threshold_curve import threshold_counts

THRESHOLDS = np.linspace(0, 0.6, 60)
CLASS_IDS = (3, 9)
IMAGES = 3


def label_at(threshold: float, scores_KHW: np.ndarray) -> np.ndarray:
    """Label map by argmax, background first."""
    background = np.full((1, *scores_KHW.shape[1:]), threshold, np.float32)
    ids = np.array([0, *CLASS_IDS], np.uint8)
    return ids[np.argmax(np.concatenate([background, scores_KHW]), axis=0)]


def one_by_one(images: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Counts (T, K, K) with one evaluation per threshold."""
    counts = np.zeros((len(THRESHOLDS), CLASS_COUNT, CLASS_COUNT), np.int64)
    for number, threshold in enumerate(THRESHOLDS):
        for scores_KHW, truth_HW in images:
            counts[number] += confusion_counts(truth_HW, label_at(threshold, scores_KHW), CLASS_COUNT)[:, :CLASS_COUNT]
    return counts


def published(images: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
    """mIoU per threshold with the published evaluation."""
    truths = [truth_HW for _, truth_HW in images]
    return [masks_per_class(truths, [label_at(t, scores_KHW) for scores_KHW, _ in images]) for t in THRESHOLDS]


def in_one_pass(images: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Counts (T, K, K) of all thresholds at once."""
    counts = np.zeros((len(THRESHOLDS), CLASS_COUNT, CLASS_COUNT), np.int64)
    for scores_KHW, truth_HW in images:
        counts += threshold_counts(scores_KHW, CLASS_IDS, truth_HW, THRESHOLDS, CLASS_COUNT)
    return counts


def run() -> list[Comparison]:
    """Two classes per image."""
    images = [(class_scores(seed, len(CLASS_IDS)), label_map(seed)) for seed in range(IMAGES)]
    fast_ms, expected = best_time_ms(lambda: one_by_one(images), repeats=2)
    published_ms, _ = best_time_ms(lambda: published(images), repeats=1)
    our_ms, counts = best_time_ms(lambda: in_one_pass(images))
    np.testing.assert_array_equal(counts, expected)
    size = f"{IMAGES} images {SIZE_HW[0]}x{SIZE_HW[1]}, 2 tags"
    return [
        Comparison("sweep of 60 thresholds", size, "ms", published_ms, our_ms, target=30),
        Comparison("the same, baseline with fast counts", size, "ms", fast_ms, our_ms),
    ]
