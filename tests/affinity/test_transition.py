"""The diagonal form of the walk against dense matrices, written as the publication states them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.pairs import pair_indices, pair_offsets
from wsss_core.affinity.transition import transition_matrix, walk


def random_affinity(grid_hw: tuple[int, int], radius: int, seed: int) -> np.ndarray:
    count = pair_indices(grid_hw, radius)[0].size
    return np.random.default_rng(seed).uniform(0.2, 1.0, (len(pair_offsets(radius)), count)).astype(np.float32)


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
def test_matrix_equals_the_dense_definition(height: int, width: int, radius: int, beta: float) -> None:
    affinity = random_affinity((height, width), radius, seed=height * 20 + width)
    sparse = transition_matrix(affinity, (height, width), radius, beta)
    np.testing.assert_allclose(sparse.toarray(), dense_transition(affinity, (height, width), radius, beta), atol=1e-6)


# 77x131, 101x83 and 33x29 pixels at stride 8; the last grid has no pair, the one before a single from-cell.
@pytest.mark.parametrize("grid", [(10, 17), (13, 11), (5, 9), (5, 4)])
def test_walk_equals_repeated_squaring_of_the_dense_matrix(grid: tuple[int, int]) -> None:
    affinity = random_affinity(grid, 5, seed=3)
    scores = np.random.default_rng(4).uniform(0, 1, (3, grid[0] * grid[1])).astype(np.float32)
    power = dense_transition(affinity, grid, 5, 8)
    for _ in range(8):
        power = power @ power
    np.testing.assert_allclose(walk(scores, transition_matrix(affinity, grid, 5, 8), 256), scores @ power, atol=2e-5)


def test_columns_sum_to_one() -> None:
    transition = transition_matrix(random_affinity((11, 15), 5, seed=0), (11, 15), 5, 8)
    np.testing.assert_allclose(transition.sum(axis=0), 1.0, atol=1e-5)


def test_constant_scores_stay_constant() -> None:
    transition = transition_matrix(random_affinity((9, 12), 5, seed=0), (9, 12), 5, 2)
    np.testing.assert_allclose(walk(np.full((1, 108), 0.7), transition, 50), 0.7, atol=1e-5)


def test_matrix_has_at_most_69_entries_per_column() -> None:
    transition = transition_matrix(random_affinity((20, 20), 5, seed=0), (20, 20), 5, 1)
    assert (transition.toarray() != 0).sum(axis=0).max() == 69


def test_zero_steps_leave_scores_and_a_walk_does_not_change_its_input() -> None:
    transition = transition_matrix(random_affinity((6, 10), 5, seed=0), (6, 10), 5, 8)
    scores = np.random.default_rng(0).uniform(0, 1, (2, 60)).astype(np.float32)
    before = scores.copy()
    np.testing.assert_array_equal(walk(scores, transition, 0), before)
    walk(scores, transition, 3)
    np.testing.assert_array_equal(scores, before)


def test_a_grid_without_pairs_is_left_alone() -> None:
    transition = transition_matrix(np.zeros((34, 0), np.float32), (4, 8), 5, 8)
    np.testing.assert_array_equal(transition.toarray(), np.eye(32))


def test_affinities_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected affinities \(34, 1\)"):
        transition_matrix(np.zeros((34, 2), np.float32), (5, 9), 5, 8)


def test_negative_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, found -1"):
        walk(np.zeros((1, 4)), transition_matrix(np.zeros((34, 0)), (2, 2), 5, 8), -1)
