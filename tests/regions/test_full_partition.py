"""Any regions as a partition."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks, mask_areas
from wsss_core.regions.full_partition import full_partition
from wsss_core.regions.partition import partition_row


def row_of(mask_RHW: np.ndarray) -> RegionRow:
    rles = encode_masks(mask_RHW)
    size_hw = mask_RHW.shape[1:]
    ones = np.ones(len(rles), np.float32)
    return RegionRow("a", size_hw, rles, mask_areas(rles, size_hw), np.zeros(len(rles), np.int32), ones, ones)


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 4)))
@settings(max_examples=30, deadline=None)
def test_a_partition_stays_as_it_is(label_HW):
    found = full_partition(partition_row("a", label_HW), 100)
    assert np.array_equal(found, np.unique(label_HW, return_inverse=True)[1].reshape(label_HW.shape))


def test_smaller_masks_lie_on_top_and_the_rest_gets_numbers_of_its_own():
    masks = np.zeros((2, 8, 8), bool)
    masks[0, 2:6], masks[1, 3:5, 3:5] = True, True
    found = full_partition(row_of(masks), 1)
    assert len(np.unique(found)) == 4  # two masks, above and below
    assert found[0, 0] != found[7, 0]
    assert len({int(found[4, 4]), int(found[2, 0]), int(found[0, 0])}) == 3


def test_small_parts_join_the_neighbour_with_the_longest_border():
    masks = np.zeros((2, 6, 10), bool)
    masks[0, :, :8], masks[1, 2:4, 7:9] = True, True
    found = full_partition(row_of(masks), 6)
    assert len(np.unique(found)) == 2
    assert found[2, 7] == found[2, 8]
    assert found.min() == 0


def test_without_any_mask_the_image_is_one_region():
    assert full_partition(row_of(np.zeros((0, 4, 5), bool)), 100).tolist() == np.zeros((4, 5)).tolist()
