"""The transition matrix of a random walk on a grid, kept as its diagonals (PSA, Ahn & Kwak, CVPR 2018, section 3.3).

A cell is linked with the cells of the pair disc only: at most 69 entries per row for radius 5, of N = 2961 for a
375x500 image, so the N x N matrix is never built. All links of one offset lie on one diagonal: the matrix is a
`scipy.sparse.dia_array`, filled by slices and multiplied without any index array. Of the sparse forms that is the
fastest by far for one vector at a time (a fifth of the time of CSR or of several columns at once).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import scipy.sparse

from wsss_core.affinity.matrix_power import power_times
from wsss_core.affinity.pairs import from_grid_hw, pair_offsets, pair_windows

Window = tuple[slice, slice]


class Link(NamedTuple):
    """Affinities of all linked pairs with one offset."""

    source: Window
    """Rows and columns of the cells (y, x) of the grid."""
    partner: Window
    """Those of the cells they are linked with, at (y + dy, x + dx) and of the same shape."""
    affinity_hw: np.ndarray
    """Float affinities in [0, 1], in the shape of the windows."""


def pair_links(affinity_Pn: np.ndarray, grid_hw: tuple[int, int], radius: int) -> Iterator[Link]:
    """Links of the pairs of `affinity.pairs`: affinities in the order of `pair_offsets`, from-cells row-major."""
    rows, columns = from_grid_hw(grid_hw, radius)
    expected = (len(pair_offsets(radius)), rows * columns)
    if affinity_Pn.shape != expected:
        raise ValueError(
            f"expected affinities {expected} for a grid {grid_hw} and radius {radius}, found {affinity_Pn.shape}"
        )
    if rows * columns == 0:
        return iter(())
    affinity_Phw = affinity_Pn.reshape(-1, rows, columns)
    windows = pair_windows(grid_hw, radius)
    return (Link(*window, affinity_hw) for window, affinity_hw in zip(windows, affinity_Phw, strict=True))


def transition_matrix(
    links: Iterable[Link], grid_hw: tuple[int, int], radius: int, beta: float
) -> scipy.sparse.dia_array:
    """Row-stochastic matrix (N, N) float32 of a grid (h, w), N = h·w: row j says of which cells j takes how much.

    The symmetric matrix with the affinities of the links both ways, raised to `beta` elementwise, and ones on the
    diagonal is divided by its row sums. It is the transpose of the column-stochastic T of the publication, whose scores
    stand on the left as rows. Without links it is the identity.

    `links`: taken one at a time; no pair of cells twice, offsets inside `radius`. Memory: 69 N floats for radius 5.
    """
    height, width = grid_hw
    steps = _flat_steps(grid_hw, radius)
    row_of = {step: row for row, step in enumerate(steps)}
    # dia_array keeps entry (i, j) of diagonal d = j - i at [d, j]: under the cell it is taken from.
    diagonals = np.zeros((len(steps), height, width), np.float32)
    diagonals[row_of[0]] = 1
    sum_hw = np.ones(grid_hw)
    for source, partner, affinity_hw in links:
        weight_hw = np.power(affinity_hw, beta)
        step = (partner[0].start - source[0].start) * width + partner[1].start - source[1].start
        diagonals[row_of[step]][partner] = weight_hw
        diagonals[row_of[-step]][source] = weight_hw
        sum_hw[source] += weight_hw
        sum_hw[partner] += weight_hw
    diagonals_DN, sum_N = diagonals.reshape(len(steps), -1), sum_hw.reshape(-1)
    for step, diagonal_N in zip(steps, diagonals_DN, strict=True):
        inside = slice(max(0, step), sum_N.size + min(0, step))
        diagonal_N[inside] /= sum_N[inside.start - step : inside.stop - step]
    return scipy.sparse.dia_array((diagonals_DN, steps), shape=(sum_N.size,) * 2)


def _flat_steps(grid_hw: tuple[int, int], radius: int) -> list[int]:
    """Steps in flat indices, ascending, of all links that fit in the grid. In a narrow grid offsets may share one."""
    height, width = grid_hw
    there = [dy * width + dx for dy, dx in pair_offsets(radius) if dy < height and abs(dx) < width]
    return sorted({0, *there, *(-step for step in there)})


def walk(scores_KN: np.ndarray, transition: scipy.sparse.dia_array, steps: int) -> np.ndarray:
    """Scores (K, N) float32 after `steps` steps: in each, a cell takes the weighted mean of its neighbours and itself.

    `transition`: see `transition_matrix`. The power of the matrix is never formed: the original squares an N x N matrix
    log2(steps) times, for K rows of which no more is wanted. See `affinity.matrix_power` for the number of products.
    """
    if steps < 0:
        raise ValueError(f"expected a number of steps of at least 0, found {steps}")
    result_KN = np.empty(scores_KN.shape, np.float32)
    for result_N, scores_N in zip(result_KN, scores_KN, strict=True):
        # Means lie between the extremes; the polynomial leaves them by its tolerance.
        lowest, highest = scores_N.min(initial=np.inf), scores_N.max(initial=-np.inf)
        np.clip(power_times(transition, steps, scores_N), lowest, highest, out=result_N)
    return result_KN
