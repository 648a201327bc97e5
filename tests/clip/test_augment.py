import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.clip.augment import (
    change_brightness,
    change_contrast,
    change_hue,
    change_saturation,
    random_colours,
    random_scale,
    scale_factor,
)
from wsss_core.settings.prompts import PromptAugmentationSettings

IMAGES = arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))
STILL = PromptAugmentationSettings(brightness_levels=0, contrast=0, saturation=0, hue_levels=0)


@given(IMAGES, st.integers(-25, 25))
def test_a_brightness_below_0_is_mirrored(image: np.ndarray, levels: int) -> None:
    expected = np.minimum(np.abs(image.astype(int) + levels), 255)
    np.testing.assert_array_equal(change_brightness(image, levels), expected)


@given(IMAGES, st.sampled_from([0.5, 1.0, 1.375]))
def test_contrast_is_a_factor_cut_at_255(image: np.ndarray, factor: float) -> None:
    expected = np.minimum(np.rint(image * factor), 255)
    np.testing.assert_array_equal(change_contrast(image, factor), expected)


def test_hue_stops_at_the_end_of_the_circle_and_saturation_leaves_grey_alone() -> None:
    purple = np.array([[[255, 0, 6]]], np.uint8)  # hue 255 of 256
    np.testing.assert_array_equal(change_hue(purple, 20), change_hue(purple, 1))
    red = np.array([[[255, 0, 0]]], np.uint8)
    assert change_hue(red, 85)[0, 0].argmax() == 1
    np.testing.assert_array_equal(change_hue(red, -10), change_hue(red, 10))
    grey = np.full((2, 2, 3), 90, np.uint8)
    np.testing.assert_array_equal(change_saturation(grey, 1.5), grey)
    assert change_saturation(red, 0.5).tolist() == [[[255, 127, 127]]]


def test_about_half_of_the_changes_happen_and_none_where_none_is_asked_for() -> None:
    grey = np.random.default_rng(0).integers(60, 190, (5, 5, 1)).astype(np.uint8)
    image = np.repeat(grey, 3, axis=2)  # which has no hue that could be rounded
    only = STILL.model_copy(update={"brightness_levels": 25.0})
    changed = [np.any(random_colours(image, only, np.random.default_rng(seed)) != image) for seed in range(200)]
    assert 70 < sum(changed) < 130
    dark = np.zeros((4, 4, 3), np.uint8)
    np.testing.assert_array_equal(random_colours(dark, STILL, np.random.default_rng(0)), dark)


@given(st.tuples(st.integers(20, 90), st.integers(20, 90)), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_images_and_labels_are_scaled_alike_and_hold_the_crop(size_hw: tuple[int, int], seed: int) -> None:
    chosen = PromptAugmentationSettings(longer_side=(40, 60), crop=32)
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 256, (*size_hw, 3)).astype(np.uint8)
    label = generator.integers(0, 3, size_hw).astype(np.uint8)
    scaled, scaled_label = random_scale(image, label, chosen, np.random.default_rng(seed))
    assert scaled_label is not None
    assert scaled.shape[:2] == scaled_label.shape
    assert min(scaled_label.shape) >= 32
    assert max(scaled_label.shape) >= 40
    alone, nothing = random_scale(image, None, chosen, np.random.default_rng(seed))
    np.testing.assert_array_equal(alone, scaled)
    assert nothing is None


def test_the_larger_of_two_factors_counts() -> None:
    assert scale_factor((100, 200), 400, 100) == 2.0
    assert scale_factor((100, 200), 210, 150) == 1.5
