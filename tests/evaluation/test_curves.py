"""Which threshold is reported, and on what it may have been chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.evaluation.curves import (
    Choice,
    CurveTally,
    best_of_curve,
    choose_threshold,
    curve_figures,
    curve_thresholds,
    threshold_list,
)
from wsss_core.evaluation.iou import mean_iou
from wsss_core.settings.base import SettingsError
from wsss_core.settings.evaluation import PooledSettings

SETTINGS = PooledSettings.parse({"thresholds": {"count": 4, "low": 0.1, "high": 0.4}}, "test")


def curve_with_best(threshold: float, settings: PooledSettings = SETTINGS) -> CurveTally:
    """A curve that is perfect at one threshold and half right elsewhere."""
    listed = threshold_list(settings)
    curve = CurveTally.empty(len(listed), 2)
    counts = np.tile(np.array([[1, 1], [1, 1]]), (len(listed), 1, 1))
    counts[listed.index(threshold)] = [[2, 0], [0, 2]]
    curve.add("a", np.arange(2), counts)
    return curve


def test_curve_covers_its_range_with_both_ends() -> None:
    assert curve_thresholds(SETTINGS) == [0.1, 0.2, 0.3, 0.4]
    assert threshold_list(SETTINGS) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert threshold_list(SETTINGS.model_copy(update={"threshold": 0.25})) == [0.1, 0.2, 0.25, 0.3, 0.4, 0.5]


@given(st.integers(2, 200), st.floats(-1, 0.5), st.floats(0.01, 2))
def test_thresholds_ascend_whatever_the_range(count: int, low: float, extent: float) -> None:
    settings = PooledSettings.parse({"thresholds": {"count": count, "low": low, "high": low + extent}}, "test")
    listed = threshold_list(settings)
    assert listed == sorted(listed)
    assert set(curve_thresholds(settings)) <= set(listed)


def test_threshold_comes_from_the_named_split_whatever_the_others_say() -> None:
    curves = {"train": curve_with_best(0.3), "val": curve_with_best(0.2)}
    choice = choose_threshold(curves, SETTINGS, own_background=False)
    assert (choice.threshold, choice.chosen_on, choice.notes) == (0.3, "train", ())
    assert threshold_list(SETTINGS)[choice.index] == 0.3


def test_without_truth_on_the_named_split_nothing_is_chosen_on_val() -> None:
    curves = {"val": curve_with_best(0.3)}
    choice = choose_threshold(curves, SETTINGS, own_background=False)
    assert (choice.threshold, choice.chosen_on) == (0.2, None)
    assert "no truth on split 'train'" in choice.notes[0]
    assert choose_threshold(curves, SETTINGS, own_background=True).threshold == 0.5


def test_a_fixed_threshold_is_kept() -> None:
    settings = SETTINGS.model_copy(update={"threshold": 0.4})
    choice = choose_threshold({"train": curve_with_best(0.2, settings)}, settings, own_background=False)
    assert (choice.threshold, choice.chosen_on) == (0.4, None)


def test_a_best_threshold_at_the_end_of_the_curve_is_remarked() -> None:
    choice = choose_threshold({"train": curve_with_best(0.4)}, SETTINGS, own_background=False)
    assert "lies at the end of the curve 0.1..0.4" in choice.notes[0]


def test_the_default_thresholds_beside_the_curve_are_never_the_best() -> None:
    assert best_of_curve(curve_with_best(0.5), SETTINGS) == (0.1, pytest.approx(1 / 3))


def test_figures_at_one_threshold_are_those_of_its_counts() -> None:
    curve = curve_with_best(0.3)
    tally = curve.at(2)
    assert mean_iou(tally.counts) == 1.0
    assert tally.image_miou == {"a": 1.0}
    assert curve.at(0).image_miou == {"a": pytest.approx(1 / 3)}


def test_images_of_different_classes_are_added_each_in_its_place() -> None:
    curve = CurveTally.empty(1, 4)
    curve.add("a", np.array([0, 3]), np.array([[[5, 0], [1, 2]]]))
    curve.add("b", np.array([0, 1]), np.array([[[1, 0], [0, 1]]]))
    assert curve.counts.tolist() == [[[6, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 2]]]
    assert curve.image_miou["a"].tolist() == [pytest.approx((5 / 6 + 2 / 3) / 2)]
    assert curve.image_miou["b"].tolist() == [1.0]


def test_curve_figures_hold_the_curve_and_the_best_of_the_split_for_information() -> None:
    figures = curve_figures(curve_with_best(0.3), SETTINGS, Choice(0.2, 1, "train"))
    assert figures["threshold"] == 0.2
    assert (figures["best_threshold"], figures["best_miou"]) == (0.3, 1.0)
    assert figures["curve"] == {"thresholds": [0.1, 0.2, 0.3, 0.4], "miou": [0.333333, 0.333333, 1.0, 0.333333]}


def test_a_split_without_pixels_has_no_curve() -> None:
    figures = curve_figures(CurveTally.empty(5, 2), SETTINGS, Choice(0.2, 1, "train"))
    assert figures["curve"] is None
    assert figures["best_threshold"] is None


def test_a_range_that_runs_backwards_is_refused_in_plain_words() -> None:
    with pytest.raises(SettingsError, match="low must be below high"):
        PooledSettings.parse({"thresholds": {"low": 0.5, "high": 0.1}}, "stage 'evaluation'")
