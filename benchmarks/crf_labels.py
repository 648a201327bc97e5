"""The two CRFs of PSA's affinity labels: one lattice for both against one each (the public code of PSA)."""

import numpy as np

from benchmarks.pictures import SIZE_HW, class_scores, picture
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.crf_pair import crf_pair
from wsss_core.cams.foreground import power_background
from wsss_core.crf import crf_probabilities
from wsss_core.settings.crf import CrfSettings

ALPHAS = (4.0, 32.0)
CLASSES = 3


def two_crfs(image_HW3: np.ndarray, scores_CHW: np.ndarray) -> list[np.ndarray]:
    """Every alpha with a CRF of its own."""
    backgrounds = [power_background(scores_CHW, alpha)[None] for alpha in ALPHAS]
    return [crf_probabilities(image_HW3, np.concatenate([one, scores_CHW]), CrfSettings()) for one in backgrounds]


def run() -> list[Comparison]:
    """One image with three classes."""
    image_HW3, scores_CHW = picture(3), class_scores(3, CLASSES)
    plain_ms, expected = best_time_ms(lambda: two_crfs(image_HW3, scores_CHW), repeats=3)
    our_ms, results = best_time_ms(lambda: crf_pair(image_HW3, scores_CHW, *ALPHAS, CrfSettings()), repeats=3)
    np.testing.assert_array_equal(np.stack(results), np.stack(expected))
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {CLASSES} tags"
    return [Comparison("dense CRF for both alphas", size, "ms", plain_ms, our_ms)]
