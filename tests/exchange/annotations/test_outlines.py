"""Polygons along the edges of pixels give back exactly the mask they came from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.exchange.annotations.annotated_image import Shape
from wsss_core.exchange.annotations.label_map import area
from wsss_core.exchange.annotations.outlines import outlines


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_painting_the_outlines_gives_the_mask(mask_HW: np.ndarray) -> None:
    polygons = tuple(outlines(mask_HW))
    np.testing.assert_array_equal(area(Shape("cat", polygons=polygons), mask_HW.shape, "x"), mask_HW)


def test_a_rectangle_has_four_corners_between_pixels() -> None:
    mask_HW = np.zeros((5, 7), bool)
    mask_HW[1:3, 2:6] = True
    [polygon] = outlines(mask_HW)
    assert sorted(map(tuple, polygon.tolist())) == [(2, 1), (2, 3), (6, 1), (6, 3)]


def test_a_ring_is_one_polygon_with_a_way_to_its_hole() -> None:
    mask_HW = np.ones((5, 5), bool)
    mask_HW[2, 2] = False
    [polygon] = outlines(mask_HW)
    assert len(polygon) == 4 + 1 + 4 + 1
    np.testing.assert_array_equal(area(Shape("cat", polygons=(polygon,)), (5, 5), "x"), mask_HW)


def test_pieces_are_polygons_of_their_own_and_nothing_has_none() -> None:
    assert len(outlines(np.array([[True, False, True], [False, True, False]]))) == 3
    assert outlines(np.zeros((3, 3), bool)) == []
