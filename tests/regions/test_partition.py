import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import decode_masks, encode_masks
from wsss_core.regions.partition import UNCOVERED, label_map, partition_row

LABELS = arrays(np.int32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(-2, 4))


@given(LABELS)
def test_every_value_becomes_one_mask_in_ascending_order(label_HW):
    row = partition_row("a", label_HW)
    values = np.unique(label_HW)
    expected_RHW = np.stack([label_HW == value for value in values])
    np.testing.assert_array_equal(decode_masks(row.rles, row.size_hw), expected_RHW)
    assert row.rles == encode_masks(expected_RHW)
    np.testing.assert_array_equal(row.area, expected_RHW.sum(axis=(1, 2)))
    assert row.level.tolist() == [0] * len(values)
    assert row.predicted_iou.tolist() == row.stability.tolist() == [1.0] * len(values)


@given(LABELS)
def test_label_map_and_row_are_inverse_up_to_renumbering(label_HW):
    back = label_map(partition_row("a", label_HW))
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back - 1, np.unique(label_HW, return_inverse=True)[1].reshape(label_HW.shape))


@given(LABELS)
def test_void_pixels_are_in_no_region(label_HW):
    row = partition_row("a", label_HW, void_label=0)
    np.testing.assert_array_equal(label_map(row) == UNCOVERED, label_HW == 0)
    assert row.area.sum() == (label_HW != 0).sum()


@pytest.mark.parametrize("label_HW", [np.zeros((2, 2)), np.zeros(4, np.int32), np.zeros((0, 3), np.int32)])
def test_what_is_no_label_map_is_refused(label_HW):
    with pytest.raises(ValueError, match=r"image 'b': expected a label map \(H, W\) of integers, found"):
        partition_row("b", label_HW)


def test_overlapping_regions_are_no_partition():
    mask_RHW = np.zeros((2, 3, 3), bool)
    mask_RHW[0, :2], mask_RHW[1, 1:] = True, True
    ones = np.ones(2, np.float32)
    row = RegionRow("c", (3, 3), encode_masks(mask_RHW), np.array([6, 6]), np.zeros(2, np.int32), ones, ones)
    with pytest.raises(ValueError, match=r"image 'c': .* region 1 shares pixels with region 0"):
        label_map(row)
