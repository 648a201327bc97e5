"""Run-length codes of masks that no encoder has written."""

import numpy as np
import pytest
from hostile.damage import damaged, tried
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.artifacts.rle import (
    compress_counts,
    decode_masks,
    encode_masks,
    mask_areas,
    one_ranges,
    uncompress_counts,
)
from wsss_core.exchange.annotations.brush_rle import decode_brush, encode_brush
from wsss_core.exchange.errors import ForeignFileError

SIZE_HW = (9, 14)
MASK_HW = np.random.default_rng(0).random(SIZE_HW) < 0.4
CODE = encode_masks(MASK_HW[None])[0]


@given(
    code=damaged(CODE)
    | st.binary(max_size=40)
    | st.text(st.characters(min_codepoint=48, max_codepoint=111)).map(str.encode)
)
def test_a_damaged_code_fills_the_mask_or_is_refused(code: bytes) -> None:
    masks_1HW = tried(lambda: decode_masks([code], SIZE_HW), ValueError, "mask 0")
    if isinstance(masks_1HW, np.ndarray):
        assert masks_1HW.shape == (1, *SIZE_HW)
        assert mask_areas([code], SIZE_HW)[0] == masks_1HW.sum()
        first, end = one_ranges(code, SIZE_HW, "here")
        assert (end - first).sum() == masks_1HW.sum()


@given(runs=st.lists(st.integers(-5, 2**62), max_size=6))
def test_any_run_lengths_become_their_code_or_are_refused(runs: list[int]) -> None:
    code = tried(lambda: compress_counts(runs, SIZE_HW, "here"), ValueError, "here")
    if isinstance(code, bytes):
        assert uncompress_counts(code).sum() == SIZE_HW[0] * SIZE_HW[1]


@given(
    code=st.lists(st.integers(-3, 300), max_size=60)
    | damaged(bytes(encode_brush(MASK_HW))).map(list)
    | st.lists(st.integers(0, 255), max_size=20).map(lambda tail: [0, 0, 1, 248, *tail])
)
def test_a_damaged_brush_fills_the_mask_or_is_refused(code: list[int]) -> None:
    mask_HW = tried(lambda: decode_brush(code, SIZE_HW, "task 1"), ForeignFileError, "task 1")
    if isinstance(mask_HW, np.ndarray):
        assert mask_HW.shape == SIZE_HW


@pytest.mark.parametrize("counts", [b"0" * 100_000, b"o" * 50, b"ooooooooooo0", b"P" * 30])
def test_long_and_overflowing_codes_are_refused_at_once(counts: bytes) -> None:
    with pytest.raises(ValueError, match="mask 0"):
        decode_masks([counts], SIZE_HW)
