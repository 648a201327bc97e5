import cv2
import numpy as np
import pytest

from wsss_core.commands.overlay import draw_overlay, encode_jpeg
from wsss_core.data.labels import voc_palette


def test_background_and_ignored_pixels_keep_the_photograph() -> None:
    image_HW3 = np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)
    label_HW = np.zeros((9, 9), np.uint8)
    label_HW[2:7, 2:7] = 3
    label_HW[8] = 255
    drawn = draw_overlay(image_HW3, label_HW, voc_palette())
    untouched = label_HW != 3
    np.testing.assert_array_equal(drawn[untouched], image_HW3[untouched])
    assert (drawn[4, 4] != image_HW3[4, 4]).any()


def test_outlines_have_the_colour_of_the_class() -> None:
    label_HW = np.zeros((9, 9), np.uint8)
    label_HW[2:7, 2:7] = 3
    drawn = draw_overlay(np.full((9, 9, 3), 200, np.uint8), label_HW, voc_palette())
    np.testing.assert_array_equal(drawn[2, 2:7], np.tile(voc_palette()[3], (5, 1)))
    assert (drawn[4, 4] != voc_palette()[3]).any()


def test_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected labels of the image's size"):
        draw_overlay(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8), voc_palette())


def test_jpegs_keep_the_order_of_the_colours() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 250
    decoded_bgr = cv2.imdecode(np.frombuffer(encode_jpeg(red), np.uint8), cv2.IMREAD_COLOR)
    assert decoded_bgr[8, 8, 2] > 200
    assert decoded_bgr[8, 8, 0] < 50
