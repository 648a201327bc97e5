"""Brush masks as Label Studio packs them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.exchange.annotations.brush_rle import decode_brush, encode_brush
from wsss_core.exchange.errors import ForeignFileError

DATA = Path(__file__).parent.parent / "data"


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_a_mask_comes_back(mask_HW: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_brush(encode_brush(mask_HW), mask_HW.shape, "x"), mask_HW)


def test_runs_beyond_the_longest_block_are_divided() -> None:
    mask_HW = np.zeros((200, 200), bool)
    mask_HW[:150] = True
    np.testing.assert_array_equal(decode_brush(encode_brush(mask_HW), (200, 200), "x"), mask_HW)


def test_the_head_and_blocks_are_those_of_the_format() -> None:
    bits = "".join(f"{byte:08b}" for byte in encode_brush(np.array([[True, False]])))
    assert bits[:32] == f"{8:032b}"
    assert bits[32:53] == "00111" + "0010" + "0011" + "0111" + "1111"
    assert bits[53:67] == "1" + "00" + "011" + "11111111"
    assert bits[67:81] == "1" + "00" + "011" + "00000000"


def test_blocks_of_single_values_are_read() -> None:
    head = f"{4:032b}" + "00111" + "0010" + "0011" + "0111" + "1111"
    bits = head + "0" + "00" + "011" + "00000000" * 3 + "10000000"
    bits += "0" * (-len(bits) % 8)
    code = [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]
    np.testing.assert_array_equal(decode_brush(code, (1, 1), "x"), [[True]])


@pytest.mark.parametrize("code", [[], [0, 0], encode_brush(np.ones((2, 3), bool)), encode_brush(np.eye(2) > 0)[:-2]])
def test_codes_of_another_size_or_cut_off_are_refused(code: list[int]) -> None:
    with pytest.raises(ForeignFileError, match=r"task 3: expected a brush mask of 2 x 2 pixels"):
        decode_brush(code, (2, 2), "task 3")


def test_a_stroke_drawn_by_hand_covers_the_pixels_of_which_it_covers_half() -> None:
    """Label Studio 1.23.2 in a browser, 37 x 53 pixels: two rectangles, the first with a hole, and a stroke along the
    edge between the rows 19 and 20, which covers a quarter of the one and three quarters of the other."""
    code = json.loads((DATA / "label_studio_drawn.json").read_text())
    mask_HW = decode_brush(code, (37, 53), "x")
    assert mask_HW[20, 16:45].all()
    assert not mask_HW[19, 17:30].any()
    np.testing.assert_array_equal(mask_HW[:9, :12], ~np.pad(np.ones((3, 4), bool), ((3, 3), (4, 4))))
    assert mask_HW[21:30, 30:45].all()
    assert mask_HW.sum() == 263


def test_values_of_other_widths_are_refused() -> None:
    code = encode_brush(np.ones((2, 2), bool))
    with pytest.raises(ForeignFileError, match="values of 16 bits"):
        decode_brush([*code[:4], 0b01111000 | code[4] & 7, *code[5:]], (2, 2), "x")
