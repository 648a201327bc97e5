import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks
from wsss_core.regions.paint import paint_large_to_small

MASKS = arrays(bool, st.tuples(st.integers(0, 5), st.just(4), st.just(5)))


def row_of(mask_RHW: np.ndarray) -> RegionRow:
    ones = np.ones(len(mask_RHW), np.float32)
    area = mask_RHW.sum(axis=(1, 2)).astype(np.int32)
    return RegionRow("a", (4, 5), encode_masks(mask_RHW), area, np.zeros(len(area), np.int32), ones, ones)


@given(MASKS)
def test_every_pixel_shows_the_smallest_region_that_holds_it(mask_RHW):
    painted = paint_large_to_small(row_of(mask_RHW))
    area = mask_RHW.sum(axis=(1, 2))
    for y, x in np.ndindex(4, 5):
        holding = [region for region in range(len(mask_RHW)) if mask_RHW[region, y, x]]
        # Of equally large regions the later one lies on top.
        expected = min(holding, key=lambda region: (area[region], -region)) + 1 if holding else 0
        assert painted[y, x] == expected


def test_a_part_lies_on_its_whole_whatever_their_order():
    whole = np.ones((4, 5), bool)
    part = np.zeros((4, 5), bool)
    part[1:3, 1:3] = True
    np.testing.assert_array_equal(paint_large_to_small(row_of(np.stack([part, whole]))) == 1, part)
    np.testing.assert_array_equal(paint_large_to_small(row_of(np.stack([whole, part]))) == 2, part)
