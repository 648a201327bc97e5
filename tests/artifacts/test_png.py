import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.artifacts.png import decode_png, encode_png

MAPS = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20))
)


@given(map_HW=MAPS)
def test_a_map_comes_back_as_it_was(map_HW: np.ndarray) -> None:
    back = decode_png(encode_png(map_HW))
    assert back.dtype == map_HW.dtype
    assert np.array_equal(back, map_HW)


def test_equal_maps_give_equal_bytes() -> None:
    map_HW = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)
    assert encode_png(map_HW) == encode_png(map_HW.copy(order="F"))


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), np.int64), np.zeros((3, 3, 3), np.uint8), np.zeros(3, np.uint8)])
def test_only_maps_of_bytes_or_pairs_of_bytes_are_taken(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected a uint8 or uint16 map \(H, W\), found"):
        encode_png(wrong)


def colour_png() -> bytes:
    return cv2.imencode(".png", np.zeros((2, 2, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize("data", [b"no png", colour_png()], ids=["rubbish", "colour"])
def test_foreign_bytes_are_an_error_with_remedy(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="delete its part and run the stage again"):
        decode_png(data)
