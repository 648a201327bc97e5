"""Figures beside the IoU."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.evaluation.accuracy import frequency_weighted_iou, mean_accuracy, mean_iou_of_truth, pixel_accuracy
from wsss_core.evaluation.iou import class_iou, mean_iou

COUNTS = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])
PREDICTED_ONLY = np.array([[6, 1, 1], [1, 3, 0], [0, 0, 0]])
ALL = (pixel_accuracy, mean_accuracy, frequency_weighted_iou, mean_iou_of_truth)


def test_figures_of_a_small_table():
    assert pixel_accuracy(COUNTS) == pytest.approx(9 / 12)
    assert mean_accuracy(COUNTS) == pytest.approx((6 / 8 + 3 / 4) / 2)
    assert frequency_weighted_iou(COUNTS) == pytest.approx((8 * 6 / 9 + 4 * 3 / 6) / 12)


def test_a_class_that_was_only_predicted_counts_for_voc_and_not_for_deeplabs_port():
    assert mean_iou(PREDICTED_ONLY) == pytest.approx(np.mean([6 / 9, 3 / 5, 0]))
    assert mean_iou_of_truth(PREDICTED_ONLY) == pytest.approx(np.mean([6 / 9, 3 / 5]))


def test_answers_withheld_count_as_wrong():
    withheld = np.concatenate([COUNTS, [[4], [0], [0]]], axis=1)
    assert pixel_accuracy(withheld) == pytest.approx(9 / 16)
    assert mean_accuracy(withheld) == pytest.approx((6 / 12 + 3 / 4) / 2)


@pytest.mark.parametrize("figure", ALL)
def test_without_pixels_there_is_no_figure(figure):
    assert math.isnan(figure(np.zeros((3, 4), np.int64)))


@given(arrays(np.int64, (4, 4), elements=st.integers(0, 50)))
def test_figures_lie_between_the_worst_and_the_best_class(counts):
    iou = class_iou(counts)[counts.sum(axis=1) > 0]
    for figure in (frequency_weighted_iou, mean_iou_of_truth):
        value = figure(counts)
        assert (iou.size == 0 and math.isnan(value)) or iou.min() - 1e-12 <= value <= iou.max() + 1e-12
