"""The strongest class per pixel and the power background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.cams.foreground import best_foreground, has_own_background, power_background


def test_first_of_equal_classes_wins() -> None:
    label, value = best_foreground(np.full((3, 1, 1), 0.4, np.float32), [2, 5, 9])
    assert (label[0, 0], value[0, 0]) == (2, np.float32(0.4))


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**31))
def test_label_and_value_equal_argmax_and_max(count: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = (generator.integers(0, 4, (count, 3, 4)) / 4).astype(np.float32)
    class_ids = np.sort(generator.choice(np.arange(1, 21), count, replace=False))
    label, value = best_foreground(scores, class_ids)
    np.testing.assert_array_equal(label, class_ids[scores.argmax(axis=0)])
    np.testing.assert_array_equal(value, scores.max(axis=0))


def test_own_background_makes_the_value_a_share() -> None:
    scores = np.array([0.6, 0.2, 0.3], np.float32).reshape(3, 1, 1)
    label, value = best_foreground(scores, [0, 4, 7])
    assert label[0, 0] == 7
    assert value[0, 0] == pytest.approx(0.3 / 0.9)


def test_nothing_at_all_has_share_zero() -> None:
    _, value = best_foreground(np.zeros((2, 2, 2), np.float32), [0, 4])
    assert value.max() == 0.0


@pytest.mark.parametrize("class_ids", [[], [0]])
def test_without_foreground_class_all_is_background(class_ids: list[int]) -> None:
    label, value = best_foreground(np.ones((len(class_ids), 2, 3), np.float32), class_ids)
    assert label.shape == value.shape == (2, 3)
    assert label.max() == 0
    assert value.max() == 0.0


def test_scores_without_matching_classes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected scores \(2, H, W\)"):
        best_foreground(np.zeros((3, 2, 2)), [1, 2])


def test_own_background_is_recognised_by_the_first_id() -> None:
    assert has_own_background(np.array([0, 3]))
    assert not has_own_background([3])
    assert not has_own_background([])


def test_power_background_is_one_minus_the_maximum_to_the_alpha() -> None:
    scores = np.array([[[0.2, 1.0]], [[0.5, 0.0]]], np.float32)
    np.testing.assert_allclose(power_background(scores, 4), [[0.5**4, 0.0]])


def test_power_background_is_certain_without_classes_and_finite_above_one() -> None:
    assert power_background(np.zeros((0, 2, 2), np.float32), 16).min() == 1.0
    assert power_background(np.full((1, 1, 1), 1.5, np.float32), 0.5)[0, 0] == 0.0
