"""Tiles that fade into each other: where the network looks at pixels alone, they change nothing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.predictions.tiles import _weights, tile_starts, tiled_labels


def by_pixel(image_HW3: np.ndarray) -> np.ndarray:
    """A network that answers each pixel by its colour: the strongest channel."""
    values = image_HW3.astype(np.float32).transpose(2, 0, 1)
    return values / np.maximum(1, values.sum(0))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(4, 16), st.integers(0, 8))
def test_tiling_changes_no_label_of_a_network_of_single_pixels(
    height: int, width: int, tile: int, overlap: int
) -> None:
    image = np.random.default_rng(height * 41 + width).integers(0, 9, (height, width, 3)).astype(np.uint8) * 20
    overlap = min(overlap, tile // 2)
    sums_KHW = by_pixel(image)
    close = np.partition(sums_KHW, 1, axis=0)[2] - np.partition(sums_KHW, 1, axis=0)[1] < 1e-6  # ties may go either way
    label_HW = tiled_labels(by_pixel, image, tile, overlap)
    np.testing.assert_array_equal(label_HW[~close], sums_KHW.argmax(0)[~close])


@given(st.integers(1, 500), st.integers(4, 64), st.integers(0, 32))
def test_tiles_cover_the_side_and_their_weights_add_up_to_about_one(length: int, tile: int, overlap: int) -> None:
    overlap = min(overlap, tile // 2)
    starts = tile_starts(length, tile, overlap)
    total = np.zeros(length)
    for place, start in enumerate(starts):
        weights = _weights(starts, place, tile, length)
        total[start : start + len(weights)] += weights
    assert total.min() > 1 - 1e-5
    assert total.max() < 1.26
    assert all(before + tile - after >= overlap for before, after in pairwise(starts))


def test_scores_fade_across_an_overlap_instead_of_jumping() -> None:
    """Two tiles of different opinions: the border lies in the middle of their overlap, not at the edge of one."""
    answers = iter([0.2, 0.8])

    def opinion(tile_HW3: np.ndarray) -> np.ndarray:
        share = next(answers)
        return np.stack([np.full(tile_HW3.shape[:2], value, np.float32) for value in (1 - share, share)])

    label_HW = tiled_labels(opinion, np.zeros((4, 24, 3), np.uint8), 16, 8)
    assert label_HW[0].tolist() == [0] * 12 + [1] * 12


def test_more_than_half_an_overlap_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap of 0 to 8"):
        tiled_labels(by_pixel, np.zeros((4, 4, 3), np.uint8), 16, 9)
