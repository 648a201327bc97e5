"""Sums of a split and the figures made of them."""

import json

import numpy as np
import pytest

from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.tally import Tally, figures_of, number

CLASSES = ("background", "cat", "dog")


def tally_of(*pairs: tuple[list[list[int]], list[list[int]]]) -> Tally:
    tally = Tally.empty(len(CLASSES))
    for index, (truth, answer) in enumerate(pairs):
        tally.add(f"image {index}", confusion_counts(np.array(truth, np.uint8), np.array(answer, np.uint8), 3))
    return tally


def test_pixels_are_pooled_over_images_and_not_averaged() -> None:
    figures = figures_of(tally_of(([[0, 0, 0, 1]], [[0, 0, 0, 1]]), ([[1, 1, 1, 1]], [[0, 0, 0, 0]])), CLASSES, [])
    assert figures["iou_per_class"] == {"background": pytest.approx(3 / 7, abs=1e-6), "cat": 0.2, "dog": None}
    assert figures["miou"] == pytest.approx((3 / 7 + 0.2) / 2, abs=1e-6)
    assert figures["image_miou"] == 0.5, "the mean of 1 and 0"
    assert figures["images"] == 2


def test_precision_recall_and_withheld_answers() -> None:
    figures = figures_of(tally_of(([[1, 1, 1, 0]], [[1, 255, 0, 0]])), CLASSES, [])
    assert figures["precision_per_class"] == {"background": 0.5, "cat": 1.0, "dog": None}
    assert figures["recall_per_class"] == {"background": 1.0, "cat": pytest.approx(1 / 3, abs=1e-6), "dog": None}
    assert figures["ignored"] == 0.25


def test_subset_is_the_mean_over_its_classes_alone() -> None:
    tally = tally_of(([[0, 1, 2, 2]], [[0, 0, 2, 2]]))
    assert figures_of(tally, CLASSES, [0, 2])["subset_miou"] == pytest.approx((0.5 + 1) / 2)
    assert figures_of(tally, CLASSES, [])["subset_miou"] is None


def test_boundary_counts_are_pooled() -> None:
    tally = Tally.empty(3)
    for counts in ([[1, 2], [0, 0], [3, 3]], [[1, 2], [0, 0], [0, 3]]):
        tally.add_boundary(np.array(counts))
    figures = figures_of(tally, CLASSES, [])
    assert figures["boundary_iou_per_class"] == {"background": 0.5, "cat": None, "dog": 0.5}
    assert figures["boundary_iou"] == 0.5


def test_a_split_whose_truth_is_all_ignored_has_no_figures_but_is_valid_json() -> None:
    figures = figures_of(tally_of(([[255, 255]], [[0, 1]])), CLASSES, [1])
    assert figures["miou"] is None
    assert figures["ignored"] is None
    assert figures["image_miou"] is None
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_numbers_are_rounded_so_that_the_last_bits_do_not_change_a_file() -> None:
    assert number(0.1 + 0.2) == 0.3
    assert number(float("nan")) is None
    assert number(None) is None
    assert isinstance(number(np.float64(0.5)), float)
