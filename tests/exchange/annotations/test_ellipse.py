import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.exchange.annotations.annotated_image import Shape
from wsss_core.exchange.annotations.ellipse import ellipse_polygon
from wsss_core.exchange.annotations.label_map import area


def test_a_circle_covers_its_area_around_its_centre() -> None:
    mask_HW = area(Shape("cat", polygons=(ellipse_polygon((20, 30), (10, 10)),)), (60, 60), "x")
    assert mask_HW.sum() == pytest.approx(np.pi * 100, rel=0.03)
    assert np.argwhere(mask_HW).mean(0) + 0.5 == pytest.approx((30, 20), abs=0.3)


def test_a_quarter_turn_exchanges_the_radii() -> None:
    turned, other = ellipse_polygon((0, 0), (8, 3), 90), ellipse_polygon((0, 0), (3, 8))
    assert np.abs(turned).max(0) == pytest.approx(np.abs(other).max(0))


def test_it_turns_clockwise_as_seen_where_y_points_down() -> None:
    farthest = max(ellipse_polygon((0, 0), (8, 1), 30).tolist(), key=lambda point: point[0])
    assert farthest == pytest.approx((8 * np.cos(np.pi / 6), 8 * np.sin(np.pi / 6)), abs=0.1)


@given(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(-360, 360))
def test_no_corner_lies_farther_from_the_centre_than_the_longer_radius(wide: float, high: float, turn: float) -> None:
    distances = np.linalg.norm(ellipse_polygon((0, 0), (wide, high), turn), axis=1)
    assert distances.max() <= max(wide, high) * (1 + 1e-9)
    assert distances.min() >= min(wide, high) * (1 - 1e-9)
