"""Augmentations: Pillow's sizes, torchvision's colours, labels that stay labels."""

import importlib
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.data import augment


def torchvision_functions() -> ModuleType:
    """torchvision's functions on images; our module makes it importable where its compiled part is missing."""
    importlib.import_module("wsss_core.networks.torchvision_models")
    return importlib.import_module("torchvision.transforms.functional")


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_longer_side_gets_the_length_and_the_aspect_is_kept(height: int, width: int, length: int) -> None:
    resized = augment.rescale_longer_side(picture(height, width), length)
    assert max(resized.shape[:2]) == length
    shorter = min(height, width) * length / max(height, width)
    assert abs(min(resized.shape[:2]) - max(1, shorter)) <= 0.5


def test_rescaling_is_pillows_antialiased_bicubic() -> None:
    image = picture(37, 50)
    expected = np.asarray(Image.fromarray(image).resize((25, 18), Image.Resampling.BICUBIC))  # 18.5 -> 18, to even
    np.testing.assert_array_equal(augment.rescale_longer_side(image, 25), expected)


def test_random_longer_side_draws_both_ends() -> None:
    rng = np.random.default_rng(0)
    drawn = {max(augment.random_longer_side(picture(6, 8), rng, 4, 6).shape) for _ in range(60)}
    assert drawn == {4, 5, 6}


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32))
def test_random_rescale_keeps_the_size_common_and_makes_no_new_label(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label_HW = rng.choice(np.array([0, 3, 7, 255], np.uint8), (height, width))
    image, label = augment.random_rescale(picture(height, width), label_HW, rng)
    assert image.shape[:2] == label.shape
    assert set(np.unique(label)) <= set(np.unique(label_HW))
    for new, old in zip(label.shape, (height, width), strict=True):
        assert max(1, round(0.5 * old)) <= new <= 2 * old


@given(st.integers(1, 9), st.integers(1, 9))
def test_mirroring_twice_gives_the_image_back(height: int, width: int) -> None:
    image = picture(height, width)
    once = augment.mirror(image)
    np.testing.assert_array_equal(once[:, 0], image[:, -1])
    np.testing.assert_array_equal(augment.mirror(once), image)


def test_random_mirror_changes_all_arrays_or_none_about_equally_often() -> None:
    image, label = picture(4, 5), np.arange(20).reshape(4, 5)
    rng, turned = np.random.default_rng(0), 0
    for _ in range(200):
        new_image, new_label = augment.random_mirror([image, label], rng)
        flipped = not np.array_equal(new_label, label)
        np.testing.assert_array_equal(new_image, augment.mirror(image) if flipped else image)
        turned += flipped
    assert 70 < turned < 130


@pytest.mark.parametrize("amount", [-0.5, -0.1, 0.0, 0.03, 0.1, 0.5])
def test_hue_is_that_of_torchvision(amount: float) -> None:
    functional = torchvision_functions()
    image = Image.fromarray(picture(9, 11))
    expected = np.asarray(functional.adjust_hue(image, amount))
    np.testing.assert_array_equal(np.asarray(augment.change_hue(image, amount)), expected)


@pytest.mark.parametrize("factor", [0.0, 0.7, 1.0, 1.3])
def test_brightness_contrast_and_saturation_are_those_of_torchvision(factor: float) -> None:
    functional = torchvision_functions()
    image = Image.fromarray(picture(9, 11))
    for ours, theirs in (
        (augment.change_brightness, functional.adjust_brightness),
        (augment.change_contrast, functional.adjust_contrast),
        (augment.change_saturation, functional.adjust_saturation),
    ):
        np.testing.assert_array_equal(np.asarray(ours(image, factor)), np.asarray(theirs(image, factor)))


def test_jitter_depends_on_its_generator_only() -> None:
    image = picture(12, 12)
    one, two, three = (augment.colour_jitter(image, np.random.default_rng(seed)) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()
    assert one.shape == image.shape
    assert one.dtype == np.uint8


def test_jitter_of_no_strength_changes_little() -> None:
    image = picture(12, 12)
    still = augment.colour_jitter(image, np.random.default_rng(0), augment.JitterStrength(0.0, 0.0, 0.0, 0.0))
    # Only the way to hue, saturation, value and back rounds.
    assert np.abs(still.astype(int) - image.astype(int)).max() <= 6


def test_jitter_factors_stay_in_their_range() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    only_brightness = augment.JitterStrength(brightness=0.3, contrast=0.0, saturation=0.0, hue=0.0)
    rng = np.random.default_rng(0)
    values = [int(augment.colour_jitter(grey, rng, only_brightness)[0, 0, 0]) for _ in range(80)]
    assert min(values) >= 69
    assert max(values) <= 130
    assert max(values) - min(values) > 40
