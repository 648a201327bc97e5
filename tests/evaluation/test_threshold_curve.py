"""The one-pass curve against one evaluation per threshold; both must agree to the last pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.threshold_curve import present_counts, threshold_counts
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.seeds import ArgmaxSettings

CLASS_COUNT = 6


def one_by_one(scores: np.ndarray, class_ids: list[int], truth: np.ndarray, thresholds: list[float]) -> np.ndarray:
    """Label maps by the argmax of [t, scores], background first, each evaluated alone."""
    counts = []
    for threshold in thresholds:
        background = np.full((1, *truth.shape), threshold, np.float32)
        label = np.array([0, *class_ids], np.uint8)[np.concatenate([background, scores]).argmax(axis=0)]
        counts.append(confusion_counts(truth, label, CLASS_COUNT)[:, :CLASS_COUNT])
    return np.stack(counts)


def random_truth(generator: np.random.Generator) -> np.ndarray:
    return generator.choice(np.array([0, 1, 2, 3, 4, 5, 255], np.uint8), (6, 8))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 5), unique=True, max_size=4), st.integers(0, 2**31), st.integers(1, 12))
def test_curve_equals_separate_evaluations_ties_included(class_ids: list[int], seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    class_ids.sort()
    # Few distinct values, so that scores often equal each other and the thresholds.
    scores = (generator.integers(0, 11, (len(class_ids), 6, 8)) / 10).astype(np.float32)
    thresholds = sorted((generator.integers(0, 11, count) / 10).tolist())
    truth = random_truth(generator)
    np.testing.assert_array_equal(
        threshold_counts(scores, class_ids, truth, thresholds, CLASS_COUNT),
        one_by_one(scores, class_ids, truth, thresholds),
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31))
def test_own_background_is_compared_by_its_share_like_argmax_seeds(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = (generator.integers(0, 4, (3, 6, 8)) / 4).astype(np.float32)
    truth, thresholds = random_truth(generator), [0.1, 0.25, 0.5, 0.75]
    curve = threshold_counts(scores, [0, 2, 4], truth, thresholds, CLASS_COUNT)
    for threshold, counts in zip(thresholds, curve, strict=True):
        label, _ = argmax_seed(scores, [0, 2, 4], ArgmaxSettings(threshold=threshold))
        np.testing.assert_array_equal(counts, confusion_counts(truth, label, CLASS_COUNT)[:, :CLASS_COUNT])


def test_threshold_is_compared_in_single_precision() -> None:
    scores = np.full((1, 1, 1), 0.2, np.float32)
    assert float(scores[0, 0, 0]) > 0.2, "as doubles the score would be above"
    counts = threshold_counts(scores, [1], np.ones((1, 1), np.uint8), [0.2], 2)
    assert counts[0, 1].tolist() == [1, 0]


def test_counts_hold_every_known_pixel_at_every_threshold() -> None:
    generator = np.random.default_rng(0)
    truth = random_truth(generator)
    scores = generator.uniform(0, 1, (2, 6, 8)).astype(np.float32)
    counts = threshold_counts(scores, [1, 3], truth, np.linspace(0, 1, 7), CLASS_COUNT)
    assert (counts.sum(axis=(1, 2)) == (truth != 255).sum()).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 5), unique=True, max_size=3), st.integers(0, 2**31))
def test_classes_left_out_have_no_pixel(class_ids: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    class_ids.sort()
    truth = generator.choice(np.array([0, 2, 255], np.uint8), (6, 8))
    scores, thresholds = generator.uniform(0, 1, (len(class_ids), 6, 8)).astype(np.float32), [0.2, 0.6]
    ids, counts = present_counts(scores, class_ids, truth, thresholds, CLASS_COUNT)
    assert ids.tolist() == sorted(set(ids.tolist()) & {0, 2, *class_ids})
    whole = threshold_counts(scores, class_ids, truth, thresholds, CLASS_COUNT)
    np.testing.assert_array_equal(whole[:, ids[:, None], ids], counts)
    assert whole.sum() == counts.sum()


def test_an_image_without_known_pixels_counts_nothing() -> None:
    ids, counts = present_counts(np.ones((1, 2, 2), np.float32), [1], np.full((2, 2), 255, np.uint8), [0.5], 3)
    assert (ids.tolist(), counts.tolist()) == ([0], [[[0]]])


def test_wrong_input_is_refused() -> None:
    scores, truth = np.zeros((1, 2, 2), np.float32), np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match=r"ascending order, found \[0\.5, 0\.1\]"):
        threshold_counts(scores, [1], truth, [0.5, 0.1], 2)
    with pytest.raises(ValueError, match="scores of the truth's size"):
        threshold_counts(scores, [1], truth[:1], [0.5], 2)
    with pytest.raises(ValueError, match="the truth hold label 7"):
        threshold_counts(scores, [1], truth + 7, [0.5], 2)
    with pytest.raises(ValueError, match="the scores hold label 3"):
        threshold_counts(scores, [3], truth, [0.5], 2)
