"""Which cells belong to one instance: follow the displacement field to a centroid (IRN, Ahn et al., CVPR 2019, 4.2).

The network's displacement (dy, dx) of a cell points to the centroid of its instance. It is refined by following the
field from where it leads, until the cell has arrived. Around a centroid displacements are short: the connected areas
of short displacements are the instances, and a cell belongs to the area in which it arrives.
"""

import numpy as np
import scipy.ndimage

STEPS = 300  # published
CENTROID_LENGTH = 2.5  # cells; published
_REST_CHECK = 8  # steps between two looks for cells that have arrived


def refine_centroids(displacement_2hw: np.ndarray, steps: int = STEPS) -> np.ndarray:
    """The cell (y, x) at which each cell arrives, int64 (2, h, w).

    `displacement_2hw`: float, channel 0 = dy, 1 = dx, in cells. A position starts at its cell; each step adds the
    displacement there (bilinear between cell centres) and clips to the grid. The end is rounded to the nearest cell.

    A position that a step leaves where it was stays there for ever, so it is not computed any further: the result is
    that of all steps, and most cells arrive within a few.
    """
    _, height, width = displacement_2hw.shape
    table_8N = _bilinear_table(displacement_2hw)
    y, x = (axis.reshape(-1).astype(np.float64) for axis in np.mgrid[:height, :width])
    end_2N = np.stack([y, x])
    moving = np.arange(height * width)
    for step in range(steps):
        next_y, next_x = _step(table_8N, y, x, (height, width))
        if step % _REST_CHECK == 0:
            moved = (next_y != y) | (next_x != x)
            end_2N[:, moving] = next_y, next_x
            moving, next_y, next_x = moving[moved], next_y[moved], next_x[moved]
        y, x = next_y, next_x
    end_2N[:, moving] = y, x
    return np.rint(end_2N).astype(np.int64).reshape(2, height, width)


def _bilinear_table(displacement_2hw: np.ndarray) -> np.ndarray:
    """Coefficients (8, N) float64 of the bilinear form a + b fx + (c + e fx) fy right of and below each cell.

    Rows: a of dy and dx, then b, c and e likewise. Beyond the last row and column the field goes on unchanged.
    """
    field_2hw = np.pad(displacement_2hw.astype(np.float64), ((0, 0), (0, 1), (0, 1)), mode="edge")
    here, right = field_2hw[:, :-1, :-1], field_2hw[:, :-1, 1:]
    below, across = field_2hw[:, 1:, :-1], field_2hw[:, 1:, 1:]
    return np.stack([here, right - here, below - here, across - right - below + here]).reshape(8, -1)


def _step(
    table_8N: np.ndarray, y: np.ndarray, x: np.ndarray, size_hw: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n,) float64 one step further, clipped to the grid."""
    row, column = y.astype(np.intp), x.astype(np.intp)
    fy, fx = y - row, x - column
    here_y, here_x, right_y, right_x, below_y, below_x, across_y, across_x = table_8N.take(
        row * size_hw[1] + column, axis=1
    )
    next_y = y + (here_y + right_y * fx + (below_y + across_y * fx) * fy)
    next_x = x + (here_x + right_x * fx + (below_x + across_x * fx) * fy)
    return np.clip(next_y, 0, size_hw[0] - 1), np.clip(next_x, 0, size_hw[1] - 1)


def instance_map(
    displacement_2hw: np.ndarray, centroid_2hw: np.ndarray, centroid_length: float = CENTROID_LENGTH
) -> np.ndarray:
    """One-hot instances bool (I, h, w), by the place of their areas in raster order.

    An area is a 4-connected component of the cells whose displacement is shorter than `centroid_length` cells. Only
    areas in which some cell arrives count. A cell that arrives outside all areas belongs to no instance; I may be 0.
    """
    short_hw = np.hypot(*displacement_2hw.astype(np.float64)) < centroid_length
    area_hw, _ = scipy.ndimage.label(short_hw)
    arrived_hw = area_hw[centroid_2hw[0], centroid_2hw[1]]
    numbers = np.unique(arrived_hw)
    return arrived_hw == numbers[numbers > 0][:, None, None]
