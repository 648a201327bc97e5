"""Dense CRFs of one image: both of PSA's affinity labels side by side against one after the other in pydensecrf.

Baseline: the public code of PSA (Ahn & Kwak, CVPR 2018) makes a model of pydensecrf for every alpha.
"""

import numpy as np
import pydensecrf.densecrf as densecrf

from benchmarks.pictures import SIZE_HW, class_scores, picture
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.crf_pair import crf_pair
from wsss_core.cams.foreground import power_background
from wsss_core.crf import crf_from_unaries, unary_from_probabilities
from wsss_core.settings.crf import CrfSettings

ALPHAS = (4.0, 32.0)
TAGS = (1, 2, 3)
ALL_CLASSES = 20
TOLERANCE = 5e-5  # float32 rounding of both, carried through ten iterations


def published_crf(image_HW3: np.ndarray, unary_KHW: np.ndarray, settings: CrfSettings) -> np.ndarray:
    """The published computation, (K, H, W)."""
    label_count, height, width = unary_KHW.shape
    model = densecrf.DenseCRF2D(width, height, label_count)
    model.setUnaryEnergy(np.ascontiguousarray(unary_KHW.reshape(label_count, -1)))
    model.addPairwiseGaussian(sxy=settings.gaussian_sxy, compat=settings.gaussian_compat)
    model.addPairwiseBilateral(
        sxy=settings.bilateral_sxy,
        srgb=settings.bilateral_srgb,
        rgbim=image_HW3,
        compat=settings.bilateral_compat,
    )
    return np.array(model.inference(settings.iterations), np.float32).reshape(unary_KHW.shape)


def energies(scores_CHW: np.ndarray) -> list[np.ndarray]:
    """Unary energies (K, H, W) for every alpha."""
    backgrounds = [power_background(scores_CHW, alpha)[None] for alpha in ALPHAS]
    return [unary_from_probabilities(np.concatenate([one, scores_CHW])) for one in backgrounds]


def compare(results: list[np.ndarray], expected: list[np.ndarray]) -> None:
    """Raises `AssertionError` unless both ways give the same probabilities, and the same labels but for ties."""
    for result_KHW, expected_KHW in zip(results, expected, strict=True):
        np.testing.assert_allclose(result_KHW, expected_KHW, rtol=0, atol=TOLERANCE)
        assert np.mean(result_KHW.argmax(axis=0) != expected_KHW.argmax(axis=0)) < 1e-5, "labels differ"


def both_alphas(image_HW3: np.ndarray, tags: int) -> Comparison:
    """The pair of one image."""
    scores_CHW, settings = class_scores(3, tags), CrfSettings()
    plain_ms, expected = best_time_ms(
        lambda: [published_crf(image_HW3, unary_KHW, settings) for unary_KHW in energies(scores_CHW)], repeats=3
    )
    our_ms, results = best_time_ms(lambda: crf_pair(image_HW3, scores_CHW, *ALPHAS, settings), repeats=3)
    compare(list(results), expected)
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {tags} tag{'s' if tags > 1 else ''}"
    return Comparison("dense CRF for both alphas", size, "ms", plain_ms, our_ms, target=1.5)


def one_alone(image_HW3: np.ndarray, classes: int) -> Comparison:
    """One CRF, as that of seeds and predictions."""
    unary_KHW, settings = energies(class_scores(3, classes))[0], CrfSettings()
    plain_ms, expected = best_time_ms(lambda: published_crf(image_HW3, unary_KHW, settings), repeats=3)
    our_ms, results = best_time_ms(lambda: crf_from_unaries(image_HW3, [unary_KHW], settings), repeats=3)
    compare(results, [expected])
    return Comparison("dense CRF, one", f"{SIZE_HW[0]}x{SIZE_HW[1]}, {classes + 1} labels", "ms", plain_ms, our_ms)


def run() -> list[Comparison]:
    """One image with one to three classes, and with all of them."""
    image_HW3 = picture(3)
    pairs = [both_alphas(image_HW3, tags) for tags in TAGS]
    return [*pairs, one_alone(image_HW3, TAGS[-1]), one_alone(image_HW3, ALL_CLASSES)]
