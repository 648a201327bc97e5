"""Boundary IoU against the published definition: erosion one pixel at a time on a zero-padded mask."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.evaluation.boundary_iou import boundary_band, boundary_counts, boundary_iou, boundary_width


def published_band(mask: np.ndarray, width: int) -> np.ndarray:
    padded = np.pad(mask.astype(np.uint8), 1)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & (eroded == 0)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5))
def test_band_equals_the_published_one(seed: int, width: int) -> None:
    noise = np.random.default_rng(seed).uniform(0, 1, (15, 18)).astype(np.float32)
    mask = cv2.blur(noise, (5, 5)) > 0.47
    np.testing.assert_array_equal(boundary_band(mask, width), published_band(mask, width))


def test_width_is_two_percent_of_the_diagonal_and_at_least_one() -> None:
    assert boundary_width((375, 500)) == 12  # 12.5 rounds to even
    assert boundary_width((3, 4)) == 1


def square(top: int, left: int, side: int, size: int = 60) -> np.ndarray:
    label = np.zeros((size, size), np.uint8)
    label[top : top + side, left : left + side] = 1
    return label


def test_a_perfect_map_has_one_and_a_shifted_one_less_than_its_iou() -> None:
    truth, shifted = square(10, 10, 30), square(12, 12, 30)
    assert boundary_iou(boundary_counts(truth, truth, 2)).tolist() == [1.0, 1.0]
    plain = (truth & shifted).sum() / (truth | shifted).sum()
    assert 0 < boundary_iou(boundary_counts(truth, shifted, 2))[1] < plain


def test_the_course_inside_an_ignored_seam_does_not_matter() -> None:
    truth = square(10, 10, 30)
    truth[8:42, 8:42][truth[8:42, 8:42] == 0] = 255
    counts = [boundary_counts(truth, square(start, start, side), 2) for start, side in ((10, 30), (8, 34), (9, 32))]
    assert all(boundary_iou(count).tolist() == [1.0, 1.0] for count in counts)


def test_counts_pool_over_images_and_absent_classes_are_nan() -> None:
    first = boundary_counts(square(10, 10, 30), square(10, 10, 30), 3)
    second = boundary_counts(square(10, 10, 20), np.zeros((60, 60), np.uint8), 3)
    pooled = boundary_iou(first + second)
    assert pooled[1] == pytest.approx(first[1, 0] / (first[1, 1] + second[1, 1]))
    assert np.isnan(pooled[2])


def test_maps_of_other_size_are_refused() -> None:
    with pytest.raises(ValueError, match="truth's size"):
        boundary_counts(square(1, 1, 3), square(1, 1, 3, size=30), 2)
