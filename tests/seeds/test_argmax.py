"""Argmax seeds."""

import numpy as np

from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.seeds import ArgmaxSettings

SCORES = np.array([[[0.1, 0.19, 0.3, 0.9]], [[0.0, 0.05, 0.31, 0.2]]], np.float32)


def test_default_is_the_published_threshold() -> None:
    label, confidence = argmax_seed(SCORES, [3, 8], ArgmaxSettings())
    assert label.tolist() == [[0, 0, 8, 3]]
    assert label.dtype == np.uint8
    assert confidence is None


def test_power_rule() -> None:
    label, _ = argmax_seed(SCORES, [3, 8], ArgmaxSettings(alpha=1))
    assert label.tolist() == [[0, 0, 0, 3]]


def test_scores_between_the_two_thresholds_are_ignored() -> None:
    label, _ = argmax_seed(SCORES, [3, 8], ArgmaxSettings(threshold=0.3, ignore_below=0.15))
    assert label.tolist() == [[0, 255, 8, 3]]
    label, _ = argmax_seed(SCORES, [3, 8], ArgmaxSettings(threshold=0.35, ignore_below=0.15))
    assert label.tolist() == [[0, 255, 255, 3]]


def test_own_background_needs_no_threshold_and_gets_none() -> None:
    scores = np.array([[[0.15, 0.05]], [[0.1, 0.1]]], np.float32)
    label, _ = argmax_seed(scores, [0, 6], ArgmaxSettings())
    assert label.tolist() == [[0, 6]], "0.1 is below the default threshold, which must not apply"


def test_an_image_without_classes_is_background() -> None:
    label, confidence = argmax_seed(np.zeros((0, 2, 3), np.float32), [], ArgmaxSettings(confidence=True))
    assert label.tolist() == [[0, 0, 0]] * 2
    assert confidence is not None
    assert confidence.shape == (2, 3)


def test_raw_cams_are_stretched_to_the_unit_interval_first() -> None:
    raw = np.array([[[-3.0, 0.0, 40.0]], [[0.0, 2.0, 1.0]]], np.float32)
    label, _ = argmax_seed(raw, [4, 9], ArgmaxSettings(alpha=1, scores="unit"))
    assert label.tolist() == [[0, 9, 4]]


def test_pixels_without_a_strong_score_become_ignore() -> None:
    scores = np.array([[[0.9, 0.5, 0.1]]], np.float32)
    label, _ = argmax_seed(scores, [3], ArgmaxSettings(alpha=1, ignore_weak=0.6))
    assert label.tolist() == [[3, 255, 0]]
