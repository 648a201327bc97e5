import numpy as np
import pytest
from exchange.annotations.bitmask_urls import data_url
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from wsss_core.exchange.annotations.bitmask import decode_bitmask
from wsss_core.exchange.errors import ForeignFileError


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_the_mask_comes_back(mask_HW: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_bitmask(data_url(mask_HW), mask_HW.shape, "x"), mask_HW)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (data_url(np.ones((3, 2), bool)), "expected a mask of 2 x 3 pixels"),
        ("data:image/png;base64,AAAA", "cannot identify image"),
        ("data:image/png;base64,%%%", "found: "),
        (data_url(np.ones((2, 3), bool))[:-30], "found: "),
    ],
)
def test_damage_and_other_sizes_are_refused_with_the_place(url: str, message: str) -> None:
    with pytest.raises(ForeignFileError, match=rf"task 3: .*{message}"):
        decode_bitmask(url, (2, 3), "task 3")
