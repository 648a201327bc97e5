"""The diagonal form of the walk against dense matrices, written as the publication states them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import dia_array

from wsss_core.affinity.pairs import pair_indices, pair_offsets
from wsss_core.affinity.transition import pair_links, transition_matrix, walk


def random_affinity(grid_hw: tuple[int, int], radius: int, seed: int) -> np.ndarray:
    count = pair_indices(grid_hw, radius)[0].size
    return np.random.default_rng(seed).uniform(0.2, 1.0, (len(pair_offsets(radius)), count)).astype(np.float32)


def random_transition(grid_hw: tuple[int, int], radius: int, beta: float, seed: int) -> dia_array:
    links = pair_links(random_affinity(grid_hw, radius, seed), grid_hw, radius)
    return transition_matrix(links, grid_hw, radius, beta)


def dense_transition(affinity_Pn: np.ndarray, grid_hw: tuple[int, int], radius: int, beta: float) -> np.ndarray:
    source, partner = pair_indices(grid_hw, radius)
    dense = np.eye(grid_hw[0] * grid_hw[1])
    for row, weights in zip(partner, affinity_Pn, strict=True):
        dense[source, row] = weights
        dense[row, source] = weights
    dense = dense**beta
    return dense / dense.sum(axis=0, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 14), st.integers(1, 5), st.sampled_from([1.0, 4.0, 8.0]))
def test_matrix_is_the_transpose_of_the_dense_definition(height: int, width: int, radius: int, beta: float) -> None:
    affinity = random_affinity((height, width), radius, seed=7)
    sparse = random_transition((height, width), radius, beta, seed=7)
    expected = dense_transition(affinity, (height, width), radius, beta)
    np.testing.assert_allclose(sparse.toarray().T, expected, atol=1e-6)


# 77x131, 101x83 and 33x29 pixels at stride 8; the last grid has no pair, the one before a single from-cell.
@pytest.mark.parametrize("grid", [(10, 17), (13, 11), (5, 9), (5, 4)])
def test_walk_equals_repeated_squaring_of_the_dense_matrix(grid: tuple[int, int]) -> None:
    scores = np.random.default_rng(4).uniform(0, 1, (3, grid[0] * grid[1])).astype(np.float32)
    power = dense_transition(random_affinity(grid, 5, seed=3), grid, 5, 8)
    for _ in range(8):
        power = power @ power
    np.testing.assert_allclose(walk(scores, random_transition(grid, 5, 8, seed=3), 256), scores @ power, atol=2e-5)


def test_rows_sum_to_one() -> None:
    np.testing.assert_allclose(random_transition((11, 15), 5, 8, seed=0).sum(axis=1), 1.0, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 300), st.floats(0.0, 1.0, width=32))
def test_constant_scores_stay_constant_to_the_last_bit(steps: int, value: float) -> None:
    scores = np.full((1, 108), value, np.float32)
    np.testing.assert_array_equal(walk(scores, random_transition((9, 12), 5, 2, seed=0), steps), scores)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 300))
def test_scores_stay_between_their_extremes(seed: int, steps: int) -> None:
    scores = (np.random.default_rng(seed).uniform(0, 1, (2, 108)) ** 8).astype(np.float32)
    walked = walk(scores, random_transition((9, 12), 5, 8, seed=0), steps)
    assert bool((walked >= scores.min(axis=1, keepdims=True)).all())
    assert bool((walked <= scores.max(axis=1, keepdims=True)).all())


def test_the_weighted_sum_of_the_scores_is_conserved() -> None:
    """Before the division by its sums the matrix is symmetric, so these sums are the walk's invariant measure."""
    affinity, grid = random_affinity((9, 12), 5, seed=0), (9, 12)
    dense = dense_transition(affinity, grid, 5, 8)
    measure = 1 / dense.diagonal()  # the diagonal was 1
    scores = np.random.default_rng(1).uniform(0, 1, (2, 108))
    walked = walk(scores, random_transition(grid, 5, 8, seed=0), 256)
    np.testing.assert_allclose(walked @ measure, scores @ measure, rtol=1e-5)


def test_matrix_has_at_most_69_entries_per_row() -> None:
    assert (random_transition((20, 20), 5, 1, seed=0).toarray() != 0).sum(axis=1).max() == 69


def test_zero_steps_leave_scores_and_a_walk_does_not_change_its_input() -> None:
    transition = random_transition((6, 10), 5, 8, seed=0)
    scores = np.random.default_rng(0).uniform(0, 1, (2, 60)).astype(np.float32)
    before = scores.copy()
    np.testing.assert_array_equal(walk(scores, transition, 0), before)
    walk(scores, transition, 3)
    np.testing.assert_array_equal(scores, before)


def test_no_channel_gives_no_channel() -> None:
    assert walk(np.zeros((0, 60), np.float32), random_transition((6, 10), 5, 8, seed=0), 4).shape == (0, 60)


def test_a_grid_without_pairs_is_left_alone() -> None:
    transition = transition_matrix(pair_links(np.zeros((34, 0), np.float32), (4, 8), 5), (4, 8), 5, 8)
    np.testing.assert_array_equal(transition.toarray(), np.eye(32))


def test_affinities_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected affinities \(34, 1\)"):
        pair_links(np.zeros((34, 2), np.float32), (5, 9), 5)


def test_negative_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, found -1"):
        walk(np.zeros((1, 60)), random_transition((6, 10), 5, 8, seed=0), -1)
