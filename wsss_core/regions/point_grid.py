"""The grid of point prompts for automatic mask generation (SAM, Kirillov et al., ICCV 2023)."""

import numpy as np


def unit_grid(points_per_side: int) -> np.ndarray:
    """Centres of n x n equal tiles of the unit square: float64 (n², 2), x and y in 0..1, row after row."""
    if points_per_side < 1:
        raise ValueError(f"a point grid needs at least 1 point per side, found {points_per_side}")
    centre = (np.arange(points_per_side) + 0.5) / points_per_side
    x, y = np.meshgrid(centre, centre)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def scaled_grid(points_per_side: int, size_hw: tuple[int, int]) -> np.ndarray:
    """The grid in pixels of an image (or crop) of that size: float64 (n², 2), x and y."""
    height, width = size_hw
    return unit_grid(points_per_side) * np.array([width, height], np.float64)
