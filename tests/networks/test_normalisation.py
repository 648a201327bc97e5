import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB, Normalisation

IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3)))


def test_caffe_rule_takes_blue_first_and_does_not_divide():
    image = np.array([[[255, 10, 0]]], np.uint8)
    expected = np.array([0 - 104.008, 10 - 116.669, 255 - 122.675], np.float32)
    np.testing.assert_allclose(CAFFE_BGR(image)[:, 0, 0], expected, rtol=1e-6)


def test_imagenet_rule_scales_then_standardises_red_first():
    image = np.array([[[255, 51, 0]]], np.uint8)
    expected = [(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, -0.406 / 0.225]
    np.testing.assert_allclose(IMAGENET_RGB(image)[:, 0, 0], expected, rtol=1e-5)


@given(IMAGES, st.sampled_from([CAFFE_BGR, IMAGENET_RGB]))
def test_result_is_contiguous_float32_channels_first_and_invertible(image, rule: Normalisation):
    values = rule(image)
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    assert values.shape == (3, *image.shape[:2])
    back = (values.transpose(1, 2, 0) * np.array(rule.std) + np.array(rule.mean)) / rule.scale
    back = back[:, :, ::-1] if rule.bgr else back
    np.testing.assert_array_equal(np.rint(back).astype(np.uint8), image)


def test_the_image_is_not_changed():
    image = np.full((2, 2, 3), 7, np.uint8)
    CAFFE_BGR(image)
    assert (image == 7).all()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (3, 4, 4), (1, 4, 4, 3)])
def test_anything_but_three_channels_last_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected an RGB image \(H, W, 3\)"):
        IMAGENET_RGB(np.zeros(shape, np.uint8))
