"""The best label map that regions allow."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.evaluation.achievable import achievable_label
from wsss_core.evaluation.confusion import confusion_counts


def partition_masks(region: np.ndarray) -> list[np.ndarray]:
    return [region == number for number in np.unique(region)]


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_no_labelling_of_the_regions_has_more_right_pixels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    truth = generator.choice(np.array([0, 1, 2, 255], np.uint8), (5, 6))
    region = generator.integers(0, 4, (5, 6))
    best = achievable_label(truth, partition_masks(region), 3)
    other = generator.integers(0, 3, 4).astype(np.uint8)[region]

    def right(label: np.ndarray) -> int:
        return int(np.trace(confusion_counts(truth, label, 3)[:, :3]))

    assert right(best) >= right(other)


def test_regions_along_the_truth_reach_it() -> None:
    truth = np.array([[0, 0, 1], [2, 2, 1]], np.uint8)
    np.testing.assert_array_equal(achievable_label(truth, partition_masks(truth), 3), truth)


def test_a_part_covers_the_whole_it_lies_in() -> None:
    truth = np.array([[1, 1, 1, 2]], np.uint8)
    whole, part = np.ones((1, 4), bool), np.array([[False, False, False, True]])
    assert achievable_label(truth, [whole, part], 3).tolist() == [[1, 1, 1, 2]]


def test_pixels_without_region_are_one_more_region() -> None:
    truth = np.array([[1, 2, 2, 2, 1]], np.uint8)
    assert achievable_label(truth, [np.array([[True, False, False, False, False]])], 3).tolist() == [[1, 2, 2, 2, 2]]


def test_a_region_of_ignored_pixels_and_an_empty_one_change_nothing() -> None:
    truth = np.array([[255, 255, 1]], np.uint8)
    masks = [np.array([[True, True, False]]), np.zeros((1, 3), bool)]
    assert achievable_label(truth, masks, 3).tolist() == [[0, 0, 1]]
