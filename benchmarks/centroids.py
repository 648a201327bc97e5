"""Centroids of instances by 300 steps along the displacements (IRN): cells at rest are not moved any further.

Baseline (the public code of IRN, Ahn et al., CVPR 2019, in NumPy): every cell in every step, four corners gathered and
weighted.
"""

import cv2
import numpy as np

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.instances.centroids import STEPS, refine_centroids

GRID_HW = (94, 125)  # stride 4 of 375x500 pixels
CENTRES = 5
NOISE = 0.8  # cells, of displacements that are smooth over a few cells


def field(grid_hw: tuple[int, int] = GRID_HW) -> np.ndarray:
    """Displacements (2, h, w) float32 to the nearest of some centres, with smooth noise."""
    generator = np.random.default_rng(0)
    centres_n2 = generator.uniform(0, 1, (CENTRES, 2)) * grid_hw
    cells_2hw = np.indices(grid_hw).astype(np.float64)
    nearest_hw = ((cells_2hw[None] - centres_n2[:, :, None, None]) ** 2).sum(axis=1).argmin(axis=0)
    noise_2hw = np.stack([cv2.GaussianBlur(generator.normal(0, 1, grid_hw), (0, 0), 3) for _ in range(2)])
    goal_2hw = np.moveaxis(centres_n2[nearest_hw], -1, 0)
    return (goal_2hw - cells_2hw + noise_2hw * (NOISE / noise_2hw.std())).astype(np.float32)


def plain_centroids(displacement_2hw: np.ndarray) -> np.ndarray:
    """The published computation, int64 (2, h, w)."""
    last = np.array(displacement_2hw.shape[1:])[:, None, None] - 1
    position = np.indices(displacement_2hw.shape[1:]).astype(np.float64)
    for _ in range(STEPS):
        (top, left), (fy, fx) = position.astype(int), position % 1
        bottom, right = np.minimum(top + 1, last[0]), np.minimum(left + 1, last[1])
        upper = displacement_2hw[:, top, left] * (1 - fx) + displacement_2hw[:, top, right] * fx
        lower = displacement_2hw[:, bottom, left] * (1 - fx) + displacement_2hw[:, bottom, right] * fx
        position = np.clip(position + upper * (1 - fy) + lower * fy, 0, last)
    return np.rint(position).astype(np.int64)


def run() -> list[Comparison]:
    """Time on the grid of a VOC image; both ways must end in the same cells."""
    displacement_2hw = field()
    plain_ms, expected = best_time_ms(lambda: plain_centroids(displacement_2hw), repeats=2)
    ours_ms, found = best_time_ms(lambda: refine_centroids(displacement_2hw))
    assert (found == expected).all(), "both ways end in other cells"
    size = f"{GRID_HW[0]}x{GRID_HW[1]} grid"
    return [Comparison(f"centroids, {STEPS} steps", size, "ms", plain_ms, ours_ms, target=5)]
