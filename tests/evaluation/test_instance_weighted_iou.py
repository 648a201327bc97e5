"""IoU weighted by instances."""

import numpy as np

from wsss_core.evaluation.instance_weighted_iou import InstanceWeightedIou, instance_counts


def test_every_number_counts_for_its_most_frequent_class():
    truth = np.array([[0, 1, 1, 2], [255, 255, 1, 2]], np.uint8)
    numbers = np.array([[0, 7, 7, 7], [9, 9, 0, 8]])
    assert instance_counts(truth, numbers, 3).tolist() == [2, 1, 1]  # 9 sees ignored pixels alone: class 0; 0: a tie


def test_images_weigh_by_their_instances():
    sums, truth = InstanceWeightedIou(3), np.array([[1, 1]], np.uint8)
    sums.add(truth, truth, np.array([[1, 2]]))
    sums.add(truth, np.array([[1, 0]], np.uint8), np.array([[1, 1]]))
    assert sums.per_class().tolist() == [0, (2 * 1 + 0.5) / 3, 0]
