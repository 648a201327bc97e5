"""Crops of SPML: chance by uniform draws, maps that follow the image."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.data.uniform_crop import random_blur, random_grey, resize_nearest, uniform_crop


class Draws:
    """Given numbers in 0..1, stretched to the wanted range."""

    def __init__(self, *values: float) -> None:
        self.values = list(values)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * self.values.pop(0)


def picture(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    label_HW = np.arange(height * width, dtype=np.uint8).reshape(height, width) % 200
    return np.repeat(label_HW[..., None], 3, 2).astype(np.float32) / 255, label_HW


def test_nothing_drawn_gives_the_corner():
    image, label = picture(8, 9)
    crop = uniform_crop(image, [label], Draws(0, 0.5, 0, 0), (0.5, 1.5), (4, 5), (0, 0, 0))
    assert np.array_equal(crop.maps[0], label[:4, :5])
    np.testing.assert_allclose(crop.image_HW3, image[:4, :5])
    assert not crop.mirrored


def test_mirror_comes_from_the_first_draw_unless_switched_off():
    image, label = picture(6, 6)
    for wanted in (True, False):
        crop = uniform_crop(image, [label], Draws(0.5, 0.5, 0, 0), (0.5, 1.5), (6, 6), (0, 0, 0), mirror=wanted)
        assert crop.mirrored is wanted
        assert np.array_equal(crop.maps[0], label[:, ::-1] if wanted else label)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_crops_have_their_size_and_padding_its_values(height, width, seed):
    image, label = picture(height, width)
    fill = (0.25, 0.5, 0.75)
    crop = uniform_crop(image, [label, label], np.random.default_rng(seed), (0.5, 2.0), (7, 9), fill)
    assert crop.image_HW3.shape == (7, 9, 3)
    outside = crop.maps[0] == 255
    np.testing.assert_allclose(crop.image_HW3[outside], np.broadcast_to(fill, (outside.sum(), 3)))
    assert np.array_equal(*crop.maps)


def test_grey_and_blur_happen_as_often_as_published():
    image = np.random.default_rng(0).random((9, 9, 3)).astype(np.float32)
    assert random_grey(image, Draws(0.3)) is image
    grey = random_grey(image, Draws(0.29))
    assert np.ptp(grey, axis=2).max() == 0
    np.testing.assert_allclose(grey[..., 0], image @ np.float32([0.3, 0.59, 0.11]), rtol=1e-5)
    assert random_blur(image, Draws(0.5)) is image
    assert random_blur(image, Draws(0.1, 0.9)).std() < image.std()
    np.testing.assert_allclose(random_blur(image, Draws(0.1, 0.0)), image, atol=1e-6)  # sigma 0.1: the pixel alone


def test_large_numbers_survive_resizing():
    numbers = np.array([[0, 70_000], [3, 4]], np.int64)
    assert resize_nearest(numbers, (4, 4))[0].tolist() == [0, 0, 70_000, 70_000]
    assert resize_nearest(numbers.astype(np.uint8), (1, 1)).dtype == np.uint8
