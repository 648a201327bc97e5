import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.segmenters.mask2former_crop import augmented_crop, distorted, is_varied, padded, varied_window
from wsss_core.settings.mask2former import Mask2FormerSettings

SETTINGS = Mask2FormerSettings(crop=40, short_side=40, long_side=160)


def picture(height: int = 30, width: int = 50) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    image = generator.integers(0, 255, (height, width, 3), dtype=np.uint8)
    label = np.zeros((height, width), np.uint8)
    label[:, width // 2 :] = 3
    return image, label


@given(st.integers(0, 10_000))
def test_crops_have_one_size_and_labels_end_where_the_image_does(seed):
    crop = augmented_crop(*picture(), SETTINGS, np.random.default_rng(seed))
    assert crop.image_HW3.shape == (40, 40, 3)
    assert crop.label_HW.shape == crop.inside_HW.shape == (40, 40)
    assert (crop.label_HW[~crop.inside_HW] == 255).all()
    assert not crop.image_HW3[~crop.inside_HW].any()
    assert set(np.unique(crop.label_HW)) <= {0, 3, 255}


def test_the_same_numbers_give_the_same_crop():
    first, second = (augmented_crop(*picture(), SETTINGS, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.image_HW3, second.image_HW3)
    np.testing.assert_array_equal(first.label_HW, second.label_HW)


def test_image_and_labels_are_mirrored_together():
    image, label = np.repeat(picture()[1][..., None], 3, axis=2), picture()[1]
    plain = SETTINGS.model_copy(update={"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0, "rescale": (1, 1)})
    for seed in range(8):
        crop = augmented_crop(image, label, plain, np.random.default_rng(seed))
        agreement = crop.image_HW3[..., 0][crop.inside_HW] == crop.label_HW[crop.inside_HW]
        assert agreement.mean() > 0.9  # the image is interpolated at the border of the two classes


@pytest.mark.parametrize(
    ("labels", "share", "expected"),
    [
        ([0, 0, 0, 1], 0.75, False),
        ([0, 0, 0, 1, 1], 0.75, True),
        ([0, 0, 0, 0], 0.75, False),
        ([0, 1, 255, 255, 255, 255], 0.75, True),
        ([255, 255], 0.75, False),
        ([0, 0], 1.0, True),
    ],
)
def test_a_varied_crop_has_two_classes_and_none_of_too_large_a_share(labels, share, expected):
    assert is_varied(np.array([labels], np.uint8), share) is expected


def test_windows_are_drawn_again_until_they_are_varied():
    label = np.zeros((20, 400), np.uint8)
    label[:, 200:] = 1
    hits = [is_varied(label[varied_window(label, 20, 0.75, np.random.default_rng(seed))], 0.75) for seed in range(60)]
    once = [is_varied(label[varied_window(label, 20, 1.0, np.random.default_rng(seed))], 0.75) for seed in range(60)]
    assert sum(hits) > sum(once)


def test_windows_of_small_images_are_whole():
    assert varied_window(np.zeros((5, 6), np.uint8), 40, 0.75, np.random.default_rng(0)) == (slice(0, 40), slice(0, 40))


@given(st.integers(0, 10_000))
def test_colours_change_by_at_most_what_is_asked_for(seed):
    image = picture()[0]
    only_brightness = SETTINGS.model_copy(update={"contrast": 0, "saturation": 0, "hue": 0})
    changed = distorted(image, only_brightness, np.random.default_rng(seed)).astype(int)
    shift = changed - image
    assert np.abs(shift).max() <= 33
    inner = (changed > 0) & (changed < 255)
    assert np.ptp(shift[inner]) <= 1
    none = only_brightness.model_copy(update={"brightness": 0})
    np.testing.assert_array_equal(distorted(image, none, np.random.default_rng(seed)), image)


def test_padding_is_at_the_right_and_bottom():
    image, label = picture(3, 4)
    crop = padded(image, label, 6)
    np.testing.assert_array_equal(crop.image_HW3[:3, :4], image)
    assert crop.inside_HW.sum() == 12
    assert crop.inside_HW[:3, :4].all()
