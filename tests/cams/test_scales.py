"""Sizes and pixels of the scaled images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.cams.scales import bounded_image, bounded_scales, bounded_size, scaled_images, scaled_size


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [
        ((77, 131), 0.5, (38, 66)),  # 38.5 and 65.5, both to the even neighbour
        ((77, 131), 1.5, (116, 196)),  # 115.5 and 196.5
        ((101, 83), 0.5, (50, 42)),
        ((33, 29), 1.5, (50, 44)),
        ((1, 1), 0.25, (1, 1)),
    ],
)
def test_sides_are_rounded_half_to_even(size: tuple[int, int], scale: float, expected: tuple[int, int]) -> None:
    assert scaled_size(size, scale) == expected


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.05, 3))
def test_images_have_the_stated_size(height: int, width: int, scale: float) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    assert scaled_images(image, [scale])[0].shape[:2] == scaled_size((height, width), scale)


def test_pixels_are_those_of_pillow_bicubic_in_the_order_of_the_scales() -> None:
    image = np.random.default_rng(0).integers(0, 256, (33, 29, 3)).astype(np.uint8)
    half, same = scaled_images(image, [0.5, 1.0])
    np.testing.assert_array_equal(half, np.asarray(Image.fromarray(image).resize((14, 16), Image.Resampling.BICUBIC)))
    np.testing.assert_array_equal(same, image)


def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="scale above 0, found 0"):
        scaled_size((10, 10), 0)


def test_grey_images_and_float_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\), found uint8 \(4, 4\)"):
        scaled_images(np.zeros((4, 4), np.uint8), [1])
    with pytest.raises(ValueError, match="found float64"):
        scaled_images(np.zeros((4, 4, 3)), [1])


def test_scales_are_lowered_only_as_far_as_the_pixels_ask_for() -> None:
    assert bounded_scales((0.5, 4.0), (100, 100), 40_000) == [0.5, 2.0]
    assert bounded_scales((0.5, 4.0), (100, 100), None) == [0.5, 4.0]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 3000))
def test_a_bounded_image_has_the_announced_size_and_the_allowed_pixels(height: int, width: int, most: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    bounded = bounded_image(image, most)
    assert bounded.shape[:2] == bounded_size((height, width), most)
    if height * width <= most:
        assert bounded is image
    else:
        sides = ((most / (height * width)) ** 0.5 * side for side in (height, width))
        assert all(abs(found - side) <= 0.5 or found == 1 for found, side in zip(bounded.shape, sides, strict=False))
