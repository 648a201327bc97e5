import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.regions.crops import Crop
from wsss_core.regions.mask_filter import best_of_overlapping, cut_by_crop, mask_boxes

MASKS = arrays(bool, st.tuples(st.integers(0, 4), st.integers(1, 7), st.integers(1, 7)))


@given(MASKS)
def test_boxes_hold_the_first_and_last_pixel(mask_RHW):
    boxes = mask_boxes(torch.from_numpy(mask_RHW)).numpy()
    assert boxes.shape == (len(mask_RHW), 4)
    for mask_HW, box in zip(mask_RHW, boxes, strict=True):
        rows, columns = np.nonzero(mask_HW)
        expected = [columns.min(), rows.min(), columns.max(), rows.max()] if len(rows) else [0, 0, 0, 0]
        assert box.tolist() == expected


def test_the_better_of_two_like_boxes_stays_and_others_are_left_alone():
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 11], [20, 20, 30, 30], [0, 0, 10, 3]])
    assert best_of_overlapping(boxes, torch.tensor([0.8, 0.9, 0.7, 0.95]), 0.7).tolist() == [3, 1, 2]


def test_equal_scores_keep_their_order_and_boxes_without_area_stay():
    boxes = torch.tensor([[5, 5, 5, 9], [5, 5, 5, 9], [0, 0, 4, 4]])
    assert best_of_overlapping(boxes, torch.ones(3), 0.5).tolist() == [0, 1, 2]


def test_no_masks_leave_none():
    assert best_of_overlapping(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_boxes_at_the_crops_edge_go_unless_the_image_ends_there():
    crop = Crop(100, 0, 300, 200, 1)
    boxes = torch.tensor([[120, 50, 200, 150], [121, 50, 200, 150], [150, 5, 200, 150], [150, 50, 200, 185]])
    # Left: 20 pixels are near, 21 are not; the upper edge is also the image's; the lower one is not.
    assert cut_by_crop(boxes, crop, (400, 300)).tolist() == [True, False, False, True]


def test_nothing_is_cut_off_by_the_whole_image():
    boxes = torch.tensor([[0, 0, 10, 10], [5, 5, 299, 199]])
    assert not cut_by_crop(boxes, Crop(0, 0, 300, 200, 0), (200, 300)).any()
