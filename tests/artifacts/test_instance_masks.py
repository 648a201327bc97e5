"""Instances painted into one map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.instance_masks import instance_labels, instance_numbers, object_numbers, trusted
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.rle import encode_masks


def row_of(mask_IHW: np.ndarray, scores: list[float], classes: list[int] | None = None) -> InstanceRow:
    class_ids = np.array(classes or range(1, len(scores) + 1), np.int32)
    return InstanceRow("a", mask_IHW.shape[1:], class_ids, np.array(scores, np.float32), encode_masks(mask_IHW))


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from([0, 0.25, 0.5, 1]), max_size=5))
def test_each_pixel_shows_the_surest_of_its_instances(seed: int, scores: list[float]) -> None:
    mask_IHW = np.random.default_rng(seed).random((len(scores), 4, 5)) < 0.4
    number_HW = instance_numbers(row_of(mask_IHW, scores))
    for place in np.ndindex(4, 5):
        here = [index for index, score in enumerate(scores) if mask_IHW[index][place] and score > 0]
        surest = max(here, key=lambda index: (scores[index], -index), default=-1)
        assert number_HW[place] == surest + 1


def test_labels_are_those_of_the_instances_and_objects_count_from_one_by_score() -> None:
    mask_IHW = np.zeros((4, 1, 4), bool)
    mask_IHW[0, 0, :2] = mask_IHW[1, 0, 2] = mask_IHW[2, 0, 2:] = mask_IHW[3, 0, 0] = True
    row = row_of(mask_IHW, [0.5, 0.6, 0.9, 0.0], [7, 3, 7, 5])
    np.testing.assert_array_equal(trusted(row), [2, 1, 0])
    np.testing.assert_array_equal(instance_labels(row), [[7, 7, 7, 7]])
    np.testing.assert_array_equal(instance_numbers(row), [[1, 1, 3, 3]])
    np.testing.assert_array_equal(object_numbers(row), [[2, 2, 1, 1]])  # the second is hidden


def test_without_instances_all_is_background() -> None:
    row = row_of(np.zeros((0, 2, 3), bool), [])
    for painted in (instance_numbers(row), instance_labels(row), object_numbers(row)):
        np.testing.assert_array_equal(painted, np.zeros((2, 3)))


def test_more_objects_than_a_byte_holds_are_refused() -> None:
    mask_IHW = np.eye(255, dtype=bool).reshape(255, 1, 255)
    assert object_numbers(row_of(mask_IHW[:254], [1.0] * 254)).max() == 254
    with pytest.raises(ValueError, match="image 'a': expected at most 254 instances, found 255"):
        object_numbers(row_of(mask_IHW, [1.0] * 255))
