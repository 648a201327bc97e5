"""Walk within boundaries of IRN: sparse steps on the grid itself against squarings of the dense matrix.

Baseline (the public code of IRN, Ahn et al., CVPR 2019): boundary map with a rim of ones, paths gathered, dense matrix
of all padded cells, rim removed, elementwise power, division by the column sums, T <- T T eight times, in torch.
Of 500x500 pixels the dense matrix alone has 1.2 GB and each of its eight products takes a minute or more: the baseline
is measured on 188x250 pixels, where results are compared, and its time scaled with the third power of the cells.
"""

import tracemalloc

import numpy as np
import torch
from torch.nn import functional

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.paths import WALK_RADIUS, pair_paths, path_pair_indices

BETA, LOG2_STEPS = 10.0, 8
TAGGED = 3
STRIDE = 4
MEASURED_HW, LARGE_HW = (188, 250), (500, 500)
TOLERANCE = 3e-4  # of the maximum; float32 rounding of both


def grid_of(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Grid of an image."""
    return -(-size_hw[0] // STRIDE), -(-size_hw[1] // STRIDE)


def maps(grid_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Random scores (K, h, w) and a boundary map (h, w) with contrast."""
    generator = np.random.default_rng(0)
    edge_hw = generator.uniform(0, 1, grid_hw) ** 4
    return generator.uniform(0, 1, (TAGGED, *grid_hw)).astype(np.float32), edge_hw.astype(np.float32)


def gathered_affinity(edge_hw: torch.Tensor) -> torch.Tensor:
    """1 - the largest boundary score on each path (P, n), paths gathered."""
    source_n = torch.from_numpy(path_pair_indices((edge_hw.shape[0], edge_hw.shape[1]), WALK_RADIUS)[0])
    rows = []
    for path in pair_paths(WALK_RADIUS):
        cells = torch.stack([source_n + dy * edge_hw.shape[1] + dx for dy, dx in path])
        rows.append(1 - edge_hw.flatten()[cells].amax(dim=0))
    return torch.stack(rows)


def dense_walk(scores_Khw: torch.Tensor, edge_hw: torch.Tensor) -> torch.Tensor:
    """The published computation, (K, N)."""
    height, width = edge_hw.shape
    padded_hw = functional.pad(edge_hw, (WALK_RADIUS, WALK_RADIUS, 0, WALK_RADIUS), value=1.0)
    rim_hw = (padded_hw.shape[0], padded_hw.shape[1])
    source, partner = (torch.from_numpy(index) for index in path_pair_indices(rim_hw, WALK_RADIUS))
    rows, columns, affinity = source.repeat(len(partner)), partner.reshape(-1), gathered_affinity(padded_hw).flatten()
    matrix = torch.eye(padded_hw.numel())
    matrix[rows, columns] = affinity
    matrix[columns, rows] = affinity
    inner = torch.arange(padded_hw.numel()).view(rim_hw)[:height, WALK_RADIUS : WALK_RADIUS + width].flatten()
    transition = matrix[inner][:, inner] ** BETA
    transition /= transition.sum(dim=0, keepdim=True)
    for _ in range(LOG2_STEPS):
        transition = transition @ transition
    return (scores_Khw * (1 - edge_hw)).flatten(1) @ transition


def sparse_walk(scores_Khw: np.ndarray, edge_hw: np.ndarray) -> np.ndarray:
    """This project's computation, (K, h, w)."""
    return walk_within_boundaries(scores_Khw, edge_hw, BETA, 2**LOG2_STEPS)


def peak_mb(scores_Khw: np.ndarray, edge_hw: np.ndarray) -> float:
    """Megabytes that the sparse walk allocates at its peak."""
    tracemalloc.start()
    sparse_walk(scores_Khw, edge_hw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def run() -> list[Comparison]:
    """Time on a small and a large image, memory on the large one."""
    small, large = maps(grid_of(MEASURED_HW)), maps(grid_of(LARGE_HW))
    dense_ms, expected = best_time_ms(lambda: dense_walk(*map(torch.from_numpy, small)), repeats=2)
    small_ms, walked = best_time_ms(lambda: sparse_walk(*small))
    difference = np.abs(walked.reshape(TAGGED, -1) - expected.numpy()).max()
    assert difference <= TOLERANCE * float(expected.max()), "dense and sparse walk differ"
    large_ms, _ = best_time_ms(lambda: sparse_walk(*large))
    growth = large[1].size / small[1].size
    rows, columns = grid_of(LARGE_HW)
    dense_mb = ((rows + WALK_RADIUS) * (columns + 2 * WALK_RADIUS)) ** 2 * 4 / 1e6
    size = f"{LARGE_HW[0]}x{LARGE_HW[1]}, {TAGGED} tags"
    name = "walk within boundaries, 256 steps"
    return [
        Comparison(name, f"{MEASURED_HW[0]}x{MEASURED_HW[1]}, {TAGGED} tags", "ms", dense_ms, small_ms, target=100),
        Comparison(f"{name}, baseline scaled", size, "ms", dense_ms * growth**3, large_ms, target=1000),
        Comparison(f"{name}, memory", size, "MB", dense_mb, peak_mb(*large), target=100),
    ]
