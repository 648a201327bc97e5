"""Confusion counts against a loop over pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.label_ids import as_labels

LABELS = hnp.arrays(np.uint8, (5, 7), elements=st.sampled_from([0, 1, 2, 3, 255]))


@settings(deadline=None)
@given(LABELS, LABELS)
def test_counts_equal_a_loop_over_pixels(truth: np.ndarray, prediction: np.ndarray) -> None:
    expected = np.zeros((4, 5), np.int64)
    for true_label, answer in zip(truth.ravel(), prediction.ravel(), strict=True):
        if true_label != 255:
            expected[true_label, 4 if answer == 255 else answer] += 1
    np.testing.assert_array_equal(confusion_counts(truth, prediction, 4), expected)


@pytest.mark.parametrize("count", [254, 303])
def test_all_labels_of_a_large_class_list_are_counted(count: int) -> None:
    """302 names by label id hold two stand-ins, which no pixel can have."""
    classes = np.array([label for label in range(count) if label not in (254, 255)])
    labels = as_labels(classes[None])
    expected = np.zeros((count, count + 1))
    expected[classes, classes] = 1
    np.testing.assert_array_equal(confusion_counts(labels, labels, count), expected)
    withheld = confusion_counts(labels, np.full_like(labels, 255), count)
    assert withheld[:, -1].sum() == len(classes)
    assert not withheld[:, :-1].any()
    assert not confusion_counts(np.full_like(labels, 255), labels, count).any()


@pytest.mark.parametrize("count", [21, 303])
def test_unlabelled_pixels_are_refused_on_both_sides(count: int) -> None:
    zero = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match="the truth holds label 254"):
        confusion_counts(zero + 254, zero, count)
    with pytest.raises(ValueError, match="the prediction holds label 254"):
        confusion_counts(zero, zero + 254, count)


def test_a_label_beyond_the_class_list_is_refused() -> None:
    zero = np.zeros((2, 2), np.uint8)
    with pytest.raises(ValueError, match=r"the truth holds label 21, expected 0\.\.20"):
        confusion_counts(zero + 21, zero, 21)
    with pytest.raises(ValueError, match="the prediction holds label 254"):
        confusion_counts(zero, zero + 254, 21)
    with pytest.raises(ValueError, match=r"the truth holds label 999, expected 0\.\.20"):
        confusion_counts(zero + np.uint16(999), zero, 21)


def test_a_strange_prediction_under_ignored_truth_is_no_error() -> None:
    assert confusion_counts(np.full((2, 2), 255, np.uint8), np.full((2, 2), 99, np.uint8), 21).sum() == 0


def test_maps_of_other_size_or_type_are_refused() -> None:
    zero = np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match=r"truth's size \(2, 3\), found \(3, 2\)"):
        confusion_counts(zero, zero.T, 2)
    with pytest.raises(ValueError, match="prediction int64"):
        confusion_counts(zero, zero.astype(np.int64), 2)
    with pytest.raises(ValueError, match="at least one class"):
        confusion_counts(zero, zero, 0)
