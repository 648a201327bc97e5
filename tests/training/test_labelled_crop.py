"""Crops of image and labels together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.training.labelled_crop import check_labels, deeplab_crop, labelled_crop

SIDES = st.integers(4, 30)


@settings(max_examples=30, deadline=None)
@given(SIDES, SIDES, st.integers(1, 24), st.booleans(), st.integers(0, 99))
def test_image_labels_and_inside_go_through_the_same_changes(height, width, size, mirror, seed):
    label_HW = np.random.default_rng(seed).integers(0, 5, (height, width)).astype(np.uint8)
    image_HW3 = np.repeat(label_HW[:, :, None] * 40, 3, axis=2)
    crop = labelled_crop(image_HW3, label_HW, (1.0, 1.0), size, mirror, np.random.default_rng(seed))
    assert crop.label_HW.shape == crop.inside_HW.shape == (size, size)
    assert (crop.image_HW3[crop.inside_HW][:, 0] == crop.label_HW[crop.inside_HW] * 40).all()
    assert (crop.label_HW[~crop.inside_HW] == 255).all()
    assert crop.inside_HW.sum() == min(height, size) * min(width, size)


def test_the_input_is_zero_outside_of_the_image_after_normalisation():
    image_HW3 = np.full((6, 9, 3), 200, np.uint8)
    crop = labelled_crop(image_HW3, image_HW3[..., 0], (1.0, 1.0), 12, False, np.random.default_rng(0))
    image_3HW = crop.normalised(IMAGENET_RGB)
    assert image_3HW.dtype == np.float32
    assert np.abs(image_3HW[:, ~crop.inside_HW]).max() == 0
    np.testing.assert_allclose(image_3HW[:, crop.inside_HW], IMAGENET_RGB(image_HW3).reshape(3, -1))


def test_without_mirror_no_crop_is_turned_and_with_it_every_other_is():
    row = np.arange(8, dtype=np.uint8)[None].repeat(8, axis=0)
    image_HW3 = np.repeat(row[:, :, None], 3, axis=2)
    turned = [
        sum(
            int(labelled_crop(image_HW3, row, (1.0, 1.0), 8, mirror, np.random.default_rng(seed)).label_HW[0, 0])
            for seed in range(40)
        )
        for mirror in (False, True)
    ]
    assert turned[0] == 0
    assert 7 * 10 < turned[1] < 7 * 30


def test_labels_of_another_size_or_class_list_are_refused_with_the_image():
    image_HW3 = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ValueError, match=r"'a': expected labels of its size \(4, 5\), found \(5, 4\)"):
        check_labels(np.zeros((5, 4), np.uint8), image_HW3, 3, "a")
    with pytest.raises(ValueError, match=r"'a': expected labels 0..2 or 255, found 3"):
        check_labels(np.full((4, 5), 3, np.uint8), image_HW3, 3, "a")
    check_labels(np.full((4, 5), 255, np.uint8), image_HW3, 3, "a")


@given(
    SIDES, SIDES, st.integers(1, 40), st.booleans(), st.integers(0, 99), st.sampled_from((0.5, 0.75, 1.0, 1.25, 1.5))
)
def test_crops_in_the_style_of_deeplab_keep_image_and_labels_together(height, width, size, mirror, seed, factor):
    label_HW = np.full((height, width), 3, np.uint8)
    image_HW3 = np.full((height, width, 3), 120, np.uint8)
    crop = deeplab_crop(image_HW3, label_HW, factor, size, mirror, np.random.default_rng(seed))
    assert crop.image_HW3.dtype == np.float32
    assert (crop.label_HW[crop.inside_HW] == 3).all()
    assert (crop.label_HW[~crop.inside_HW] == 255).all()
    np.testing.assert_allclose(crop.image_HW3[crop.inside_HW], 120, atol=1e-3)
    sides = [max(1, int(side * factor)) for side in (height, width)]
    assert crop.inside_HW.sum() == min(sides[0], size) * min(sides[1], size)


def test_small_images_stand_at_the_top_left_in_the_style_of_deeplab():
    image_HW3 = np.full((6, 9, 3), 200, np.uint8)
    crops = [deeplab_crop(image_HW3, image_HW3[..., 0], 1.0, 12, False, np.random.default_rng(n)) for n in range(5)]
    assert all(crop.inside_HW[:6, :9].all() and crop.inside_HW.sum() == 54 for crop in crops)
    assert np.abs(crops[0].normalised(IMAGENET_RGB)[:, ~crops[0].inside_HW]).max() == 0
