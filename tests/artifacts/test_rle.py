import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from wsss_core.artifacts import rle
from wsss_core.artifacts.rle import (
    checked_runs,
    compress_counts,
    decode_masks,
    encode_masks,
    iter_masks,
    mask_areas,
    uncompress_counts,
)

MASKS = arrays(bool, st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9)))


@given(MASKS)
def test_masks_come_back_as_they_were(mask_RHW):
    counts = encode_masks(mask_RHW)
    size_hw = mask_RHW.shape[1:]
    decoded = decode_masks(counts, size_hw)
    assert decoded.dtype == bool
    np.testing.assert_array_equal(decoded, mask_RHW)
    areas = mask_areas(counts, size_hw)
    assert areas.dtype == np.int32
    np.testing.assert_array_equal(areas, mask_RHW.sum(axis=(1, 2)))


@given(MASKS)
def test_run_lengths_go_down_the_columns_and_start_with_zeros(mask_RHW):
    for mask_HW, counts in zip(mask_RHW, encode_masks(mask_RHW), strict=True):
        runs = uncompress_counts(counts)
        values = np.arange(len(runs)) % 2
        np.testing.assert_array_equal(np.repeat(values, runs).astype(bool), mask_HW.T.ravel())
        assert compress_counts(runs, mask_HW.shape, "mask") == counts
        np.testing.assert_array_equal(checked_runs(counts, mask_HW.shape, "mask"), runs)


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=12))
def test_long_runs_survive_the_compression(runs):
    assert uncompress_counts(compress_counts(runs, (1, sum(runs)), "mask")).tolist() == runs


def test_many_masks_are_handled_in_chunks(monkeypatch):
    monkeypatch.setattr(rle, "_CHUNK_BYTES", 50)
    mask_RHW = np.random.default_rng(0).random((7, 4, 5)) > 0.5
    counts = encode_masks(mask_RHW)
    np.testing.assert_array_equal(np.stack(list(iter_masks(counts, (4, 5)))), mask_RHW)


def test_bytes_are_those_of_pycocotools():
    mask_HW = np.zeros((4, 6), bool)
    mask_HW[1:3, 2:5] = True
    assert encode_masks(mask_HW[None])[0] == coco.encode(np.asfortranarray(mask_HW.astype(np.uint8)))["counts"]


def test_no_mask_is_an_empty_stack():
    assert decode_masks([], (3, 4)).shape == (0, 3, 4)
    assert mask_areas([], (3, 4)).shape == (0,)


def test_a_single_mask_without_its_axis_is_refused():
    with pytest.raises(ValueError, match=r"expected masks \(R, H, W\), found an array with shape \(3, 4\)"):
        encode_masks(np.zeros((3, 4), bool))


def test_a_code_of_another_size_is_refused_before_it_is_unpacked():
    counts = encode_masks(np.ones((2, 3, 4), bool))
    with pytest.raises(ValueError, match=r"mask 0: expected a run-length code of 5 x 5 = 25 pixels, found one of 12"):
        decode_masks(counts, (5, 5))


@pytest.mark.parametrize("runs", [[3, 4], [-1, 13], [[3, 9]]])
def test_run_lengths_that_do_not_fill_the_mask_are_refused(runs):
    with pytest.raises(ValueError, match=r"a\.json, mask 2: expected run lengths >= 0 that add up to 3 x 4 = 12"):
        compress_counts(runs, (3, 4), "a.json, mask 2")


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (b"\xff", "found other bytes"),
        (b"", "empty or cut off"),
        (b"3P", "empty or cut off"),
        (b"3O", "negative length"),
        (b"P" * 13 + b"0", "more than 12 characters"),
    ],
)
def test_damaged_codes_are_refused(counts, text):
    with pytest.raises(ValueError, match=f"mask 1: .*{text}"):
        uncompress_counts(counts, "mask 1")


@given(st.binary(max_size=20))
def test_any_bytes_give_a_mask_or_a_clear_error(counts):
    message = None
    try:
        runs = uncompress_counts(counts)
    except ValueError as error:
        message = str(error)
    assert (runs >= 0).all() if message is None else message.startswith("mask: ")
