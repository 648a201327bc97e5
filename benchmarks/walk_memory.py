"""Memory of PSA's refinement: pairs by shifts against gathers, sparse steps against the dense N x N matrix.

Baselines and inputs are those of `random_walk`. Every way runs in a process of its own.
"""

from collections.abc import Callable

import torch

from benchmarks.memory import added_peak_mb
from benchmarks.pictures import SIZE_HW
from benchmarks.random_walk import dense_walk, example, gathered_affinity, sparse_walk
from benchmarks.timing import Comparison
from wsss_core.affinity.pairs import RADIUS, pair_affinity

LARGEST_MB = 30.0
CORNER_HW = (12, 12)  # of the grid: computed first, so that what libraries load at their first call does not count


def gather_pairs() -> Callable[[], object]:
    """Pair affinities as published."""
    found = example()
    gathered_affinity(found.features_BDhw[:, :, : CORNER_HW[0], : CORNER_HW[1]], CORNER_HW)
    return lambda: gathered_affinity(found.features_BDhw, found.grid_hw)


def shift_pairs() -> Callable[[], object]:
    """Pair affinities of this project."""
    found = example()
    pair_affinity(found.features_BDhw[:, :, : CORNER_HW[0], : CORNER_HW[1]], RADIUS)
    return lambda: pair_affinity(found.features_BDhw, RADIUS)


def walk_densely() -> Callable[[], object]:
    """The walk as published, all 21 channels."""
    found = example()
    affinity_Pn = pair_affinity(found.features_BDhw, RADIUS)[0]
    torch.ones(2, 2) @ torch.ones(2, 2)
    return lambda: dense_walk(found.scores_KN, affinity_Pn, found.grid_hw)


def walk_sparsely() -> Callable[[], object]:
    """The walk of this project, the matrix included."""
    found = example()
    tagged_KN, affinity_Pn = found.tagged_KN, pair_affinity(found.features_BDhw, RADIUS)[0].numpy()
    return lambda: sparse_walk(tagged_KN, affinity_Pn, found.grid_hw)


def run() -> list[Comparison]:
    """Peaks for a 375x500 image."""
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}"
    gather_mb, shift_mb = added_peak_mb(gather_pairs), added_peak_mb(shift_pairs)
    dense_mb, sparse_mb = added_peak_mb(walk_densely), added_peak_mb(walk_sparsely)
    return [
        Comparison("pair affinities, memory", size, "MB", gather_mb, shift_mb, target=8),
        Comparison("random walk, 256 steps, memory", f"{size}, 3 tags", "MB", dense_mb, sparse_mb, most=LARGEST_MB),
    ]
