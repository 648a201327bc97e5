"""The image that the CRF of DeepLab's port sees by mistake."""

import numpy as np
import pytest

from wsss_core.predictions.wrapped_image import wrapped_image


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), (150, 138, 132)),  # blue 255 - 104.008 = 150.992
        ((123, 117, 105), (0, 0, 0)),  # 0.992, 0.331 and 0.325, cut off
        ((122, 116, 104), (0, 0, 0)),  # -0.675, -0.669 and -0.008: cut off towards zero
        ((0, 0, 0), (152, 140, 134)),  # -104.008 -> -104 -> 152
    ],
)
def test_values_are_cut_towards_zero_and_wrap_below_it(rgb, expected):
    found = wrapped_image(np.full((2, 3, 3), rgb, np.uint8))
    assert found.dtype == np.uint8
    assert (found == np.array(expected)).all()
