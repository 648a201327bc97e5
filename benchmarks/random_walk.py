"""Random walk of PSA: sparse steps against eight squarings of the dense N x N matrix; pairs by shifts against gathers.

Baseline (the public code of PSA, Ahn & Kwak, CVPR 2018): dense symmetric matrix with unit diagonal, elementwise power,
division by the column sums, T <- T T eight times, all 21 channels times T, in torch.
"""

from typing import NamedTuple

import numpy as np
import torch

from benchmarks.pictures import CLASS_COUNT, SIZE_HW
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.pairs import RADIUS, pair_affinity, pair_indices
from wsss_core.affinity.random_walk import padded_hw
from wsss_core.affinity.transition import pair_links, transition_matrix, walk

BETA, LOG2_STEPS = 8.0, 8
TAGGED = (0, 3, 9, 15)  # background and three classes
FEATURE_CHANNELS = 448
TOLERANCE = 2e-4  # of the maximum; float32 rounding of both


def dense_walk(scores_KN: torch.Tensor, affinity_Pn: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """The published computation."""
    cells = grid_hw[0] * grid_hw[1]
    source, partner = (torch.from_numpy(index) for index in pair_indices(grid_hw, RADIUS))
    rows, columns = source.repeat(len(partner)), partner.reshape(-1)
    matrix = torch.zeros(cells, cells)
    matrix[rows, columns] = affinity_Pn.reshape(-1)
    matrix[columns, rows] = affinity_Pn.reshape(-1)
    matrix[range(cells), range(cells)] = 1
    transition = matrix**BETA
    transition /= transition.sum(dim=0, keepdim=True)
    for _ in range(LOG2_STEPS):
        transition = transition @ transition
    return scores_KN @ transition


def gathered_affinity(features_BDhw: torch.Tensor, grid_hw: tuple[int, int]) -> torch.Tensor:
    """The published computation: gather both cells of every pair, then compare."""
    source, partner = (torch.from_numpy(index) for index in pair_indices(grid_hw, RADIUS))
    flat = features_BDhw.flatten(2)
    to_side = torch.index_select(flat, 2, partner.reshape(-1)).unflatten(2, tuple(partner.shape))
    from_side = torch.index_select(flat, 2, source).unsqueeze(2)
    return torch.exp(-torch.mean(torch.abs(to_side - from_side), dim=1))


def sparse_walk(tagged_KN: np.ndarray, affinity_Pn: np.ndarray, grid_hw: tuple[int, int]) -> np.ndarray:
    """This project's computation, from affinities to scores."""
    links = pair_links(affinity_Pn, grid_hw, RADIUS)
    return walk(tagged_KN, transition_matrix(links, grid_hw, RADIUS, BETA), 2**LOG2_STEPS)


class Example(NamedTuple):
    """A 375x500 image on its grid."""

    grid_hw: tuple[int, int]
    features_BDhw: torch.Tensor
    scores_KN: torch.Tensor
    """All classes; those that are not tagged are zero."""

    @property
    def tagged_KN(self) -> np.ndarray:
        """Scores of the tagged classes."""
        return self.scores_KN[list(TAGGED)].numpy()


def example() -> Example:
    """Random features and scores, the same at every call."""
    height, width = padded_hw(SIZE_HW)
    grid_hw = (height // 8, width // 8)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, FEATURE_CHANNELS, *grid_hw, generator=generator) * 0.3
    scores = torch.zeros(CLASS_COUNT, grid_hw[0] * grid_hw[1])
    scores[list(TAGGED)] = torch.rand(len(TAGGED), scores.shape[1], generator=generator)
    return Example(grid_hw, features, scores)


def run() -> list[Comparison]:
    """Walk and pair affinities for a 375x500 image."""
    grid_hw, features, scores = given = example()
    gather_ms, expected_affinity = best_time_ms(lambda: gathered_affinity(features, grid_hw), repeats=3)
    shift_ms, affinity = best_time_ms(lambda: pair_affinity(features, RADIUS))
    torch.testing.assert_close(affinity, expected_affinity)

    tagged_KN, affinity_Pn = given.tagged_KN, affinity[0].numpy()
    dense_ms, expected = best_time_ms(lambda: dense_walk(scores, affinity[0], grid_hw), repeats=2)
    sparse_ms, walked = best_time_ms(lambda: sparse_walk(tagged_KN, affinity_Pn, grid_hw))
    recorded = expected[list(TAGGED)].numpy()
    assert np.abs(walked - recorded).max() <= TOLERANCE * recorded.max(), "dense and sparse walk differ"
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}"
    return [
        Comparison("random walk, 256 steps", f"{size}, 3 tags", "ms", dense_ms, sparse_ms, target=40),
        Comparison("pair affinities", size, "ms", gather_ms, shift_ms),
    ]
