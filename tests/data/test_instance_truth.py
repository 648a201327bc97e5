"""True objects and their classes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.data.instance_truth import instance_truth, read_instance_truth
from wsss_core.data.labels import LabelError, encode_label_png

OBJECTS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2), elements=st.sampled_from([0, 1, 2, 7, 255]))


@given(OBJECTS)
def test_every_object_has_the_class_that_was_painted(object_HW: np.ndarray) -> None:
    class_of = np.zeros(256, np.uint8)
    class_of[[1, 2, 7, 255]] = 20, 3, 3, 255
    found = instance_truth(object_HW, class_of[object_HW], "x.png")
    assert set(found.numbers) == set(np.unique(object_HW)) - {0, 255}
    np.testing.assert_array_equal(found.class_ids, class_of[found.numbers])
    assert found.class_ids.dtype == np.int32


def test_the_class_of_most_pixels_counts_and_void_and_background_do_not_vote() -> None:
    object_HW = np.ones((1, 7), np.uint8)
    label_HW = np.array([[0, 0, 255, 255, 4, 4, 2]], np.uint8)
    assert instance_truth(object_HW, label_HW, "x.png").class_ids.tolist() == [4]


def test_an_object_without_class_is_an_error_that_names_it() -> None:
    object_HW, label_HW = np.array([[1, 3]], np.uint8), np.array([[5, 255]], np.uint8)
    with pytest.raises(LabelError, match=r"x\.png: object 3 lies where the truth mask has no class.*To do"):
        instance_truth(object_HW, label_HW, "x.png")


def test_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_label_png(np.zeros((3, 4), np.uint8)))
    assert read_instance_truth(path, np.zeros((3, 4), np.uint8)).numbers.size == 0
    with pytest.raises(LabelError, match="height 4 and width 3, found 3 and 4"):
        read_instance_truth(path, np.zeros((4, 3), np.uint8))
