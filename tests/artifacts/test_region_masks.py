"""Decoding and order of region masks."""

import numpy as np
from pycocotools import mask as coco_mask

from wsss_core.artifacts.region_masks import decode_rle, masks_large_to_small
from wsss_core.artifacts.regions import RegionRow


def row_of(masks: list[np.ndarray]) -> RegionRow:
    rles = tuple(coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"] for mask in masks)
    area = np.array([mask.sum() for mask in masks], np.int32)
    zeros, ones = np.zeros(len(masks), np.int32), np.ones(len(masks), np.float32)
    return RegionRow("a", masks[0].shape, rles, area, zeros, ones, ones)


def random_masks() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [generator.uniform(0, 1, (7, 9)) < share for share in (0.1, 0.9, 0.5)]


def test_a_mask_survives_its_code() -> None:
    masks = random_masks()
    row = row_of(masks)
    for counts, mask in zip(row.rles, masks, strict=True):
        np.testing.assert_array_equal(decode_rle(counts, row.size_hw), mask)


def test_masks_come_from_large_to_small_without_the_tiny_ones() -> None:
    masks = random_masks()
    areas = [int(mask.sum()) for mask in masks_large_to_small(row_of(masks))]
    assert areas == sorted((int(mask.sum()) for mask in masks), reverse=True)
    assert [int(mask.sum()) for mask in masks_large_to_small(row_of(masks), minimum_area=20)] == areas[:2]
