"""IoU from counts against masks, class by class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou, mean_iou

LABELS = hnp.arrays(np.uint8, (6, 6), elements=st.sampled_from([0, 1, 2, 4, 255]))


@settings(deadline=None)
@given(LABELS, LABELS)
def test_iou_equals_that_of_the_masks(truth: np.ndarray, prediction: np.ndarray) -> None:
    iou = class_iou(confusion_counts(truth, prediction, 5))
    known = truth != 255
    for label in range(5):
        first, second = (truth == label) & known, (prediction == label) & known
        union = (first | second).sum()
        if union:
            assert iou[label] == pytest.approx((first & second).sum() / union)
        else:
            assert np.isnan(iou[label])


def test_a_withheld_answer_is_a_miss_but_no_false_alarm() -> None:
    truth = np.array([[1, 1, 0, 0]], np.uint8)
    prediction = np.array([[1, 255, 0, 0]], np.uint8)
    np.testing.assert_allclose(class_iou(confusion_counts(truth, prediction, 2)), [1.0, 0.5])


def test_mean_leaves_absent_classes_out_and_is_nan_without_any() -> None:
    counts = np.zeros((3, 3), np.int64)
    assert np.isnan(mean_iou(counts))
    counts[0, 0], counts[1, 0] = 3, 1
    assert mean_iou(counts) == pytest.approx((0.75 + 0) / 2)


def test_leading_axes_are_kept() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (4, 3, 4))
    np.testing.assert_allclose(class_iou(counts)[2], class_iou(counts[2]))
    np.testing.assert_allclose(mean_iou(counts)[2], mean_iou(counts[2]))


def test_counts_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found shape \(3, 5\)"):
        class_iou(np.zeros((3, 5)))
