"""Random rectangles resized to squares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.data.random_rectangle import Rectangle, random_rectangle, resized_rectangle

ASPECT = (3 / 4, 4 / 3)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 1000))
def test_rectangles_lie_within_the_image(height, width, seed):
    found = random_rectangle((height, width), (0.9, 1.0), ASPECT, np.random.default_rng(seed))
    assert found.top >= 0
    assert found.left >= 0
    assert 1 <= found.height <= height - found.top
    assert 1 <= found.width <= width - found.left


def test_area_and_aspect_are_within_their_ranges_where_they_fit():
    generator = np.random.default_rng(0)
    found = [random_rectangle((300, 300), (0.25, 0.5), ASPECT, generator) for _ in range(300)]
    areas = np.array([r.height * r.width / 90_000 for r in found])
    aspects = np.array([r.width / r.height for r in found])
    assert areas.min() > 0.24
    assert areas.max() < 0.51
    assert aspects.min() > 0.74
    assert aspects.max() < 1.35
    assert areas.std() > 0.05
    assert len({(r.top, r.left) for r in found}) > 200


@pytest.mark.parametrize(
    ("size", "expected"),
    [((20, 100), Rectangle(0, 36, 20, 27)), ((100, 20), Rectangle(36, 0, 27, 20)), ((50, 50), Rectangle(0, 0, 50, 50))],
)
def test_where_nothing_fits_it_is_the_largest_central_one(size, expected):
    assert random_rectangle(size, (1.5, 2.0), ASPECT, np.random.default_rng(0)) == expected


def test_the_rectangle_fills_the_square_and_labels_stay_labels():
    image = np.zeros((10, 12, 3), np.uint8)
    image[2:6, 3:9] = 200
    rectangle = Rectangle(2, 3, 4, 6)
    assert (resized_rectangle(image, rectangle, 16) == 200).all()
    label = image[..., 0] // 40
    assert set(np.unique(resized_rectangle(label, Rectangle(0, 0, 10, 12), 31))) == {0, 5}
