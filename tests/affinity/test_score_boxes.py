import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.affinity.score_boxes import box_masks, score_boxes

SCORES = arrays(
    np.float32, st.tuples(st.integers(1, 3), st.integers(2, 9), st.integers(2, 9)), elements=st.floats(0, 1, width=32)
)


def blob(height: int, width: int, rows: slice, columns: slice) -> np.ndarray:
    score = np.zeros((height, width), np.float32)
    score[rows, columns] = 1
    return score


def test_a_blob_has_one_box_whose_far_sides_are_excluded():
    assert score_boxes(blob(8, 10, slice(2, 5), slice(3, 7)), 0.5).tolist() == [[3, 2, 7, 5]]


def test_the_last_row_and_column_are_in_no_box():
    score = blob(6, 7, slice(0, 6), slice(0, 7))
    assert score_boxes(score, 0.5).tolist() == [[0, 0, 6, 5]]
    assert not box_masks(score[None], 0.5)[0, -1].any()


def test_two_blobs_have_two_boxes_and_a_hole_has_one_of_its_own():
    score = blob(12, 12, slice(1, 3), slice(1, 3)) + blob(12, 12, slice(5, 10), slice(5, 10))
    score[7, 7] = 0
    boxes = sorted(map(tuple, score_boxes(score, 0.5).tolist()))
    assert boxes == [(1, 1, 3, 3), (5, 5, 10, 10), (6, 6, 9, 9)]


def test_a_map_of_zeros_has_one_empty_box():
    assert score_boxes(np.zeros((4, 5), np.float32), 0.4).tolist() == [[0, 0, 0, 0]]
    assert not box_masks(np.zeros((2, 4, 5), np.float32), 0.4).any()


def test_no_class_has_no_mask():
    assert box_masks(np.zeros((0, 4, 5), np.float32), 0.4).shape == (0, 4, 5)


@given(SCORES, st.sampled_from([0.2, 0.4, 0.6]))
def test_every_strong_pixel_off_the_last_row_and_column_is_inside(score_Chw, threshold):
    inside = box_masks(score_Chw, threshold)
    grey = (score_Chw * np.float32(255)).astype(np.uint8)
    strong = grey > (threshold * grey.max(axis=(1, 2), keepdims=True).astype(float)).astype(int)
    assert not (strong & ~inside)[:, :-1, :-1].any()


@given(SCORES)
def test_a_higher_threshold_makes_no_box_larger(score_Chw):
    assert not (box_masks(score_Chw, 0.6) & ~box_masks(score_Chw, 0.3)).any()
