"""The transition matrix of the random walk, kept as its diagonals (PSA, Ahn & Kwak, CVPR 2018, section 3.3).

A cell is linked with the cells of the pair disc only: at most 69 entries per column for radius 5, of N = 2961 for a
375x500 image, so the N x N matrix is never built. All links of one offset lie on one diagonal: the matrix is a
`scipy.sparse.dia_array`, made from the pair affinities by slicing and multiplied without any index array.
"""

import numpy as np
import scipy.sparse

from wsss_core.affinity.pairs import from_grid_hw, pair_offsets, pair_windows


def transition_matrix(
    affinity_Pn: np.ndarray, grid_hw: tuple[int, int], radius: int, beta: float
) -> scipy.sparse.dia_array:
    """Column-stochastic transition matrix T (N, N) float32 of a grid (h, w), N = h·w.

    `affinity_Pn`: float affinities in (0, 1] of every pair, in the order of `pairs.pair_offsets` and row-major
    from-cells. The symmetric matrix with these entries both ways and ones on the diagonal is raised to `beta`
    elementwise and divided by its column sums. A grid too small for any pair gives the identity.
    """
    rows, columns = from_grid_hw(grid_hw, radius)
    offsets = pair_offsets(radius)
    if affinity_Pn.shape != (len(offsets), rows * columns):
        raise ValueError(
            f"expected affinities ({len(offsets)}, {rows * columns}) for a grid {grid_hw} and radius {radius}, "
            f"found {affinity_Pn.shape}"
        )
    height, width = grid_hw
    if rows * columns == 0:
        return scipy.sparse.dia_array((np.ones((1, height * width), np.float32), [0]), shape=(height * width,) * 2)
    weights_Phw = np.power(affinity_Pn, beta).astype(np.float32).reshape(-1, rows, columns)
    column_sum_hw = np.ones(grid_hw, np.float32)
    windows = list(pair_windows(grid_hw, radius))
    for weight_hw, (source, partner) in zip(weights_Phw, windows, strict=True):
        column_sum_hw[source] += weight_hw
        column_sum_hw[partner] += weight_hw
    # dia_array stores entry (i, j) of diagonal d = j - i at [d, j]. The entry (from, partner) is filed under the
    # partner's cell, the entry (partner, from) under the from-cell; a column is divided by the sum of its own cell.
    diagonals = np.zeros((2 * len(offsets) + 1, height, width), np.float32)
    diagonals[0] = 1.0
    for number, (weight_hw, (source, partner)) in enumerate(zip(weights_Phw, windows, strict=True)):
        diagonals[2 * number + 1][partner] = weight_hw
        diagonals[2 * number + 2][source] = weight_hw
    diagonals /= column_sum_hw
    steps = [0] + [sign * (dy * width + dx) for dy, dx in offsets for sign in (1, -1)]
    return scipy.sparse.dia_array((diagonals.reshape(len(steps), -1), steps), shape=(height * width,) * 2)


def walk(scores_KN: np.ndarray, transition: scipy.sparse.dia_array, steps: int) -> np.ndarray:
    """Scores after `steps` steps: scores @ T^steps, (K, N) float32, as `steps` sparse products per channel.

    Cell j receives the weighted mean of its neighbours' and its own scores, weights T[:, j]. The power of T is never
    formed: the original squares an N x N matrix log2(steps) times, for K rows of which no more is wanted.
    """
    if steps < 0:
        raise ValueError(f"expected a number of steps of at least 0, found {steps}")
    backward = scipy.sparse.dia_array(transition.T)
    result_KN = np.array(scores_KN, np.float32)
    for channel, values in enumerate(result_KN):
        for _ in range(steps):
            values = backward @ values
        result_KN[channel] = values
    return result_KN
