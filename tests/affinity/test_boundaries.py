"""The sparse walk within boundaries against dense matrices on the padded grid, as the publication states it."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.boundaries import boundary_links, walk_within_boundaries
from wsss_core.affinity.paths import path_affinity, path_pair_indices
from wsss_core.affinity.transition import transition_matrix


def maps(height: int, width: int, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Scores (K, h, w) and boundary map (h, w) with contrast."""
    generator = np.random.default_rng(height * 50 + width)
    scores = generator.uniform(0, 1, (channels, height, width)).astype(np.float32)
    return scores, (generator.uniform(0, 1, (height, width)) ** 3).astype(np.float32)


def published_transition(edge_hw: np.ndarray, radius: int, beta: float) -> np.ndarray:
    """Padding with ones left, right and bottom, dense matrix, crop, then column normalisation, in float64."""
    height, width = edge_hw.shape
    padded = np.pad(edge_hw.astype(np.float64), ((0, radius), (radius, radius)), constant_values=1.0)
    source, partner = path_pair_indices(padded.shape, radius)
    dense = np.eye(padded.size)
    affinity = path_affinity(torch.from_numpy(padded)[None], radius)[0].numpy()
    for row, values in zip(partner, affinity, strict=True):
        dense[source, row] = dense[row, source] = values
    kept = np.arange(padded.size).reshape(padded.shape)[:height, radius : radius + width].reshape(-1)
    cropped = dense[np.ix_(kept, kept)] ** beta
    return cropped / cropped.sum(axis=0, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 8), st.integers(1, 11), st.integers(2, 5), st.sampled_from([3.0, 10.0]))
def test_links_are_those_of_the_padded_grid_after_cropping(height: int, width: int, radius: int, beta: float) -> None:
    _, edge = maps(height, width)
    sparse = transition_matrix(boundary_links(edge, radius), edge.shape, radius, beta)
    np.testing.assert_allclose(sparse.toarray().T, published_transition(edge, radius, beta), atol=1e-6)


@pytest.mark.parametrize("grid", [(10, 8), (13, 18), (1, 1), (1, 30), (3, 2)])
def test_walk_equals_eight_squarings_of_the_published_matrix(grid: tuple[int, int]) -> None:
    scores, edge = maps(*grid)
    power = published_transition(edge, 5, 10)
    for _ in range(8):
        power = power @ power
    start = (scores * (1 - edge)).reshape(2, -1)
    walked = walk_within_boundaries(scores, edge, beta=10, steps=256)
    assert walked.shape == scores.shape
    np.testing.assert_allclose(walked.reshape(2, -1), start @ power, rtol=0, atol=6e-5)


def test_a_closed_wall_is_never_crossed() -> None:
    edge = np.zeros((9, 14), np.float32)
    edge[:, 7] = 1
    scores = np.zeros((1, 9, 14), np.float32)
    scores[0, :, :7] = 1
    walked = walk_within_boundaries(scores, edge, beta=10, steps=256)
    assert not walked[:, :, 7:].any()
    np.testing.assert_allclose(walked[:, :, :7], 1, atol=1e-6)


def test_scores_on_a_boundary_count_less_at_the_start() -> None:
    scores, edge = maps(6, 7)
    np.testing.assert_array_equal(walk_within_boundaries(scores, edge, beta=10, steps=0), scores * (1 - edge))


def test_without_boundaries_many_steps_give_one_level() -> None:
    scores, _ = maps(12, 15)
    walked = walk_within_boundaries(scores, np.zeros((12, 15), np.float32), beta=10, steps=4096)
    assert float(np.ptp(walked, axis=(1, 2)).max()) < 1e-5


def test_memory_is_that_of_the_diagonals() -> None:
    """500x500 pixels: 69 x 15625 floats are 4.3 MB; the dense matrix on the padded grid has 1.2 GB."""
    scores, edge = maps(125, 125, channels=3)
    tracemalloc.start()
    walk_within_boundaries(scores, edge, beta=10, steps=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.3 * 69 * edge.size * 4


@pytest.mark.slow
def test_a_photograph_of_24_megapixels_walks_in_bounded_memory() -> None:
    scores, edge = maps(1000, 1500, channels=1)
    tracemalloc.start()
    walked = walk_within_boundaries(scores, edge, beta=10, steps=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * 69 * edge.size * 4
    assert np.isfinite(walked).all()
    # Far from its border, what a cell receives does not depend on how large the photograph is.
    part = walk_within_boundaries(scores[:, :200, :200], edge[:200, :200], beta=10, steps=256)
    np.testing.assert_allclose(walked[:, :60, :60], part[:, :60, :60], rtol=0, atol=1e-4)


def test_no_channel_gives_no_channel() -> None:
    assert walk_within_boundaries(np.zeros((0, 4, 5)), np.zeros((4, 5)), beta=10, steps=1).shape == (0, 4, 5)


def test_scores_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"boundary map's grid \(4, 5\), found \(5, 4\)"):
        walk_within_boundaries(np.zeros((1, 5, 4)), np.zeros((4, 5)), beta=10, steps=1)
