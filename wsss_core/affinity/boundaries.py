"""The random walk that stops at boundaries (IRN, Ahn et al., CVPR 2019, section 3.4): on one grid of stride 4.

The original pads the boundary map with ones on the left, right and bottom, so that cells at the border become
from-cells of `affinity.pairs` too, and removes the padding from the dense matrix before it normalises the columns.
As a path stays in the box between its two cells, that links exactly the pairs of the unpadded grid, each by its
own path: here they are taken from it directly.

Memory: the diagonals of the matrix and a few maps, about 300 bytes per cell: 5 MB for 500x500 pixels and 0.45 GB for
6000x4000. The dense matrix of the original has 1.2 GB for 500x500.
"""

from collections.abc import Iterator

import numpy as np

from wsss_core.affinity.paths import WALK_RADIUS, pair_paths
from wsss_core.affinity.transition import Link, transition_matrix, walk


def boundary_links(edge_hw: np.ndarray, radius: int = WALK_RADIUS) -> Iterator[Link]:
    """Links of all pairs of a grid within `radius`: 1 - the largest boundary score on the path, both ends included.

    `edge_hw`: boundary scores in [0, 1], float, any size. One offset at a time, in the order of `paths.path_offsets`;
    offsets that do not fit in the grid are left out.
    """
    height, width = edge_hw.shape
    for path in pair_paths(radius):
        dy, dx = path[0]
        rows, columns = height - dy, width - abs(dx)
        if rows <= 0 or columns <= 0:
            continue
        left = max(0, -dx)
        windows = [(slice(y, y + rows), slice(left + x, left + x + columns)) for y, x in path]
        largest_hw = edge_hw[windows[0]].copy()
        for window in windows[1:]:
            np.maximum(largest_hw, edge_hw[window], out=largest_hw)
        yield Link(source=windows[-1], partner=windows[0], affinity_hw=1 - largest_hw)


def walk_within_boundaries(
    scores_Khw: np.ndarray, edge_hw: np.ndarray, beta: float, steps: int, radius: int = WALK_RADIUS
) -> np.ndarray:
    """Scores (K, h, w) float32 after `steps` steps of the walk over the links, started at scores · (1 - edge).

    Args:
        scores_Khw: class scores on the grid of the boundary map (CAMs at stride 4, or parts of them), float, >= 0.
        edge_hw: boundary scores in [0, 1], float.
        beta: affinities are raised to this power (10 published).
        steps: 256 published.
        radius: in cells; 5 published.

    Raises:
        ValueError: the grids differ.
    """
    if scores_Khw.shape[1:] != edge_hw.shape:
        raise ValueError(f"expected scores on the boundary map's grid {edge_hw.shape}, found {scores_Khw.shape[1:]}")
    edge_hw = edge_hw.astype(np.float32, copy=False)
    transition = transition_matrix(boundary_links(edge_hw, radius), edge_hw.shape, radius, beta)
    start_Khw = scores_Khw * (1 - edge_hw)
    return walk(start_Khw.reshape(-1, edge_hw.size), transition, steps).reshape(start_Khw.shape)
