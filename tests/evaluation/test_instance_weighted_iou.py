"""IoU weighted by instances."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.labels import LabelError
from wsss_core.evaluation.instance_weighted_iou import InstanceWeightedIou, instance_counts, instance_numbers


def test_every_number_counts_for_its_most_frequent_class():
    truth = np.array([[0, 1, 1, 2], [255, 255, 1, 2]], np.uint8)
    numbers = np.array([[0, 7, 7, 7], [9, 9, 0, 8]])
    assert instance_counts(truth, numbers, 3).tolist() == [2, 1, 1]  # 9 sees ignored pixels alone: class 0; 0: a tie


def test_images_weigh_by_their_instances():
    sums, truth = InstanceWeightedIou(3), np.array([[1, 1]], np.uint8)
    assert sums.add(truth, truth, np.array([[1, 2]])) == 1
    assert sums.add(truth, np.array([[1, 0]], np.uint8), np.array([[1, 1]])) == 0.5
    assert sums.per_class().tolist() == [0, (2 * 1 + 0.5) / 3, 0]
    assert sums.mean() == pytest.approx(2.5 / 9), "classes without instances count as 0"
    assert np.isnan(InstanceWeightedIou(3).mean())


def test_within_an_image_classes_weigh_by_their_instances():
    truth, answer = np.array([[1, 1, 2, 2]], np.uint8), np.array([[1, 1, 2, 0]], np.uint8)
    assert InstanceWeightedIou(3).add(truth, answer, np.array([[1, 1, 2, 3]])) == pytest.approx((1 + 2 * 0.5) / 3)


def test_numbers_come_from_the_data_and_fit_the_truth(tmp_path: Path):
    truth = np.zeros((2, 3), np.uint8)
    assert instance_numbers(ImageRecord("a", "a.jpg", 2, 3, ("val",), 0), truth) is None
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.array([[0, 7, 7], [255, 7, 1]], np.uint8))
    record = ImageRecord("a", "a.jpg", 2, 3, ("val",), 0, instance_truth=str(path))
    found = instance_numbers(record, truth)
    assert found is not None
    assert found.tolist() == [[0, 7, 7], [255, 7, 1]]
    with pytest.raises(LabelError, match=r"a.png: expected instance numbers of the truth's height and width \(3, 3\)"):
        instance_numbers(record, np.zeros((3, 3), np.uint8))
