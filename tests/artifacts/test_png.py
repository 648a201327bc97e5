import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.png import decode_png, encode_png


@given(map_HW=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.integers(0, 255)))
def test_a_map_comes_back_as_it_was(map_HW: np.ndarray) -> None:
    back = decode_png(encode_png(map_HW))
    assert back.dtype == np.uint8
    assert np.array_equal(back, map_HW)


def test_equal_maps_give_equal_bytes() -> None:
    map_HW = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    assert encode_png(map_HW) == encode_png(map_HW.copy(order="F"))


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), np.int64), np.zeros((3, 3, 3), np.uint8), np.zeros(3, np.uint8)])
def test_only_uint8_maps_are_taken(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected a uint8 map \(H, W\), found"):
        encode_png(wrong)


def colour_png() -> bytes:
    return cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))[1].tobytes()


def deep_png() -> bytes:
    return cv2.imencode(".png", np.zeros((2, 2), np.uint16))[1].tobytes()


@pytest.mark.parametrize("data", [b"no png", colour_png(), deep_png()], ids=["rubbish", "colour", "16 bit"])
def test_foreign_bytes_are_an_error_with_remedy(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="delete its part and run the stage again"):
        decode_png(data)
