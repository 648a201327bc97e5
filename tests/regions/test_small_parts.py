from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from wsss_core.regions.small_parts import drop_small_islands, fill_small_holes, mend

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "fma" / "sam_mask_utils.npz"
MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
AREAS = st.sampled_from([0, 1, 2, 4, 9])


def pieces(mask_HW: np.ndarray) -> list[np.ndarray]:
    number_HW, count = ndimage.label(mask_HW, structure=np.ones((3, 3)))
    return [number_HW == number for number in range(1, count + 1)]


@given(MASKS, AREAS)
def test_exactly_the_small_holes_are_filled(mask_HW, area):
    expected = mask_HW.copy()
    for piece in pieces(~mask_HW):
        expected |= piece & (piece.sum() < area)
    filled, touched = fill_small_holes(mask_HW, area)
    np.testing.assert_array_equal(filled, expected)
    assert touched == (filled != mask_HW).any()


@given(MASKS, AREAS)
def test_small_islands_go_but_never_all(mask_HW, area):
    kept, touched = drop_small_islands(mask_HW, area)
    islands = pieces(mask_HW)
    assert touched == any(island.sum() < area for island in islands)
    large = [island for island in islands if island.sum() >= area]
    if large or not islands:
        np.testing.assert_array_equal(kept, np.logical_or.reduce([np.zeros_like(mask_HW), *large]))
    else:
        assert any(np.array_equal(kept, island) for island in islands)
        assert kept.sum() == max(island.sum() for island in islands)


@given(MASKS, AREAS, st.integers(0, 6))
def test_mending_in_a_window_is_mending_of_the_whole_image(mask_HW, area, border):
    mask_HW = np.pad(mask_HW, border)
    area = 0 if area == 1 else area
    filled, had_holes = fill_small_holes(mask_HW, area)
    dropped, had_islands = drop_small_islands(filled, area)
    mended, touched = mend(mask_HW, area)
    np.testing.assert_array_equal(mended, dropped)
    assert touched == (had_holes or had_islands)


def test_a_mask_that_is_one_small_island_stays_and_counts_as_touched():
    mask_HW = np.zeros((9, 9), bool)
    mask_HW[4, 4] = True
    mended, touched = mend(mask_HW, 4)
    np.testing.assert_array_equal(mended, mask_HW)
    assert touched


@pytest.mark.skipif(not GOLDEN.is_file(), reason="the recorded cases are not beside the project")
@pytest.mark.parametrize("area", [30, 100])
def test_recorded_masks_of_segment_anything_are_met(area):
    recorded = np.load(GOLDEN)
    shape = recorded["logits_f16"].shape
    masks = recorded["logits_f16"].astype(np.float32) > 0

    def stored(name: str) -> np.ndarray:
        return np.unpackbits(recorded[name])[: masks.size].reshape(shape).astype(bool)

    filled = np.stack([fill_small_holes(mask_HW, area).mask_HW for mask_HW in masks])
    np.testing.assert_array_equal(filled, stored(f"holes{area}_packed"))
    dropped = np.stack([drop_small_islands(mask_HW, area).mask_HW for mask_HW in masks])
    np.testing.assert_array_equal(dropped, stored(f"islands{area}_packed"))
