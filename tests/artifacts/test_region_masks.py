"""Painting order of region masks."""

import numpy as np

from wsss_core.artifacts.region_masks import masks_large_to_small
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks


def row_of(mask_RHW: np.ndarray) -> RegionRow:
    count = len(mask_RHW)
    area = mask_RHW.sum(axis=(1, 2)).astype(np.int32)
    zeros, ones = np.zeros(count, np.int32), np.ones(count, np.float32)
    return RegionRow("a", mask_RHW.shape[1:], encode_masks(mask_RHW), area, zeros, ones, ones)


def random_masks() -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.stack([generator.uniform(0, 1, (7, 9)) < share for share in (0.1, 0.9, 0.5)])


def test_masks_come_from_large_to_small() -> None:
    masks = random_masks()
    np.testing.assert_array_equal(np.stack(list(masks_large_to_small(row_of(masks)))), masks[[1, 2, 0]])


def test_tiny_masks_are_left_out() -> None:
    masks = random_masks()
    assert len(list(masks_large_to_small(row_of(masks), minimum_area=20))) == 2
    assert list(masks_large_to_small(row_of(masks), minimum_area=100)) == []


def test_equal_areas_keep_their_order() -> None:
    masks = np.zeros((2, 2, 2), bool)
    masks[0, 0, 0] = masks[1, 1, 1] = True
    np.testing.assert_array_equal(np.stack(list(masks_large_to_small(row_of(masks)))), masks)
