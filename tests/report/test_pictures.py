"""Thumbnails, overlays and palettes."""

import base64

import cv2
import numpy as np
import pytest

from wsss_core.data.labels import voc_palette
from wsss_core.report.pictures import (
    css_colour,
    instance_overlay,
    jpeg_uri,
    label_uri,
    overlay,
    safe_palette,
    shrink,
    shrink_labels,
)


def decode(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.split(",", 1)[1])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize(("size", "expected"), [((100, 400), (80, 320)), ((400, 100), (320, 80)), ((30, 20), (30, 20))])
def test_pictures_are_bounded_and_never_enlarged(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shrink(np.zeros((*size, 3), np.uint8), 320).shape == (*expected, 3)
    assert shrink_labels(np.zeros(size, np.uint8), 320).shape == expected


def test_a_very_long_picture_keeps_a_pixel() -> None:
    assert shrink(np.zeros((2, 5000, 3), np.uint8), 100).shape == (1, 100, 3)


def test_shrinking_labels_invents_none() -> None:
    label = np.random.default_rng(0).choice(np.array([0, 7, 255], np.uint8), (90, 70))
    assert set(np.unique(shrink_labels(label, 33))) <= {0, 7, 255}


def test_overlay_is_grey_at_zero_and_brighter_where_the_score_is_higher() -> None:
    image = np.full((1, 3, 3), 40, np.uint8)
    mixed = overlay(image, np.array([[0.0, 0.5, 1.0]], np.float32))
    assert mixed[0, 0].tolist() == [40, 40, 40]
    brightness = mixed.sum(axis=2)[0].tolist()
    assert brightness == sorted(brightness)
    assert np.array_equal(overlay(image, np.full((1, 3), 7.0)), overlay(image, np.ones((1, 3))))


def test_instances_have_colours_of_their_own_and_an_outline_and_the_rest_is_grey() -> None:
    image = np.random.default_rng(0).integers(0, 255, (9, 12, 3), np.uint8)
    number_HW = np.zeros((9, 12), np.uint8)
    number_HW[:, 3:7], number_HW[:, 7:] = 1, 2
    drawn = instance_overlay(np.full_like(image, 100), number_HW)
    assert (drawn[:, :3] == 100).all()
    assert len({tuple(drawn[4, column]) for column in (1, 5, 10)}) == 3
    assert (drawn[:, [3, 6, 7]] == 255).all()
    grey = instance_overlay(image, np.zeros_like(number_HW))
    assert (grey.max(axis=2) == grey.min(axis=2)).all()


def test_label_picture_has_the_palettes_colours_exactly() -> None:
    label = np.array([[0, 1], [15, 255]], np.uint8)
    for palette in (voc_palette(), safe_palette()):
        np.testing.assert_array_equal(decode(label_uri(label, palette)), palette[label])


def test_photographs_survive_as_jpeg_with_red_left_red() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    uri = jpeg_uri(red, 90)
    assert uri.startswith("data:image/jpeg;base64,")
    assert np.abs(decode(uri).astype(int) - red).max() < 12


def test_safe_colours_of_the_first_28_classes_differ() -> None:
    palette = safe_palette()
    assert len({tuple(colour) for colour in palette[:29].tolist()}) == 29
    assert palette[0].tolist() == [0, 0, 0]


def test_colours_are_written_for_css() -> None:
    assert css_colour(np.array([0, 128, 255], np.uint8)) == "#0080ff"
