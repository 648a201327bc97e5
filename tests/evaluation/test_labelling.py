"""Rows of every kind as label maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.labelling import cam_label, label_of
from wsss_core.evaluation.threshold_curve import threshold_counts
from wsss_core.exchange.coco_rle import encode_mask

TRUTH = np.array([[0, 1], [2, 2]], np.uint8)


def test_stored_labels_stay_as_they_are() -> None:
    label = np.array([[255, 1], [0, 2]], np.uint8)
    np.testing.assert_array_equal(label_of(LabelRow("a", label), TRUTH, 3, None), label)
    unlabelled = label_of(LabelRow("a", np.array([[254, 1], [0, 2]], np.uint8)), TRUTH, 3, None)
    assert unlabelled.tolist() == [[255, 1], [0, 2]]


def test_cams_are_cut_at_the_threshold_and_the_background_wins_ties() -> None:
    scores = np.array([[[0.5, 0.6], [0.2, 0.0]], [[0.4, 0.1], [0.5, 0.51]]], np.float32)
    row = CamRow("a", (2, 2), np.array([1, 2], np.int32), (scores,), (2, 2), False)
    assert label_of(row, TRUTH, 3, 0.5).tolist() == [[0, 1], [0, 2]]


def test_regions_get_the_labels_of_the_truth() -> None:
    masks = [label == TRUTH for label in (0, 1, 2)]
    ones = np.ones(3, np.float32)
    rles = tuple(str(encode_mask(mask)["counts"]).encode() for mask in masks)
    row = RegionRow("a", (2, 2), rles, np.array([1, 1, 2], np.int32), np.zeros(3, np.int32), ones, ones)
    np.testing.assert_array_equal(label_of(row, TRUTH, 3, None), TRUTH)


def test_cams_without_a_threshold_are_refused() -> None:
    row = CamRow("a", (2, 2), np.zeros(0, np.int32), (np.zeros((0, 1, 1), np.float32),), (2, 2), True)
    with pytest.raises(TypeError, match="CamRow cannot be made a label map"):
        label_of(row, TRUTH, 3, None)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([0.1, 0.2, 0.3, 0.5]))
def test_label_map_at_a_threshold_has_the_counts_of_the_curve(seed: int, own: bool, threshold: float) -> None:
    generator = np.random.default_rng(seed)
    class_ids = np.array([0, 1, 3] if own else [1, 2, 3], np.int32)
    scores = (generator.integers(0, 11, (3, 5, 6)) / 10).astype(np.float32)
    truth = generator.choice(np.array([0, 1, 2, 3, 255], np.uint8), (5, 6))
    label = cam_label(scores, class_ids, threshold)
    curve = threshold_counts(scores, class_ids, truth, [threshold], 4)
    np.testing.assert_array_equal(confusion_counts(truth, label, 4)[:, :4], curve[0])


def test_instances_are_painted_the_surest_on_top() -> None:
    masks = encode_masks(np.array([[[True, True, False]], [[False, True, False]]]))
    row = InstanceRow("a", (1, 3), np.array([4, 2], np.int32), np.array([0.5, 0.75], np.float32), masks)
    np.testing.assert_array_equal(label_of(row, np.zeros((1, 3), np.uint8), 5, None), [[4, 2, 0]])
