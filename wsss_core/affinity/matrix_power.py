"""A power of a walk's matrix times a vector with far fewer products than the power has factors.

A Chebyshev polynomial T_k is bounded by 1 on [-1, 1], and x^n is their mixture x^n = sum_k a_k T_k(x), where a_k is the
probability that n tosses of a coin end k heads or tails ahead. That is about sqrt(n) in most cases: of x^256 all that
lies above degree 84 weighs less than 1e-7. (Sachdeva & Vishnoi, Faster Algorithms via Approximation Theory, 2014,
theorem 3.3.)
"""

from functools import lru_cache

import numpy as np
import scipy.sparse
from scipy.special import gammaln

TOLERANCE = 1e-7  # of the largest value; the rounding of a float32 walk of 256 steps is above it


@lru_cache(maxsize=32)
def chebyshev_weights(power: int, tolerance: float = TOLERANCE) -> tuple[float, ...]:
    """Weights a_0 .. a_d >= 0, sum 1, with |x^power - sum_k a_k T_k(x)| <= 2 tolerance on [-1, 1]; d <= power."""
    if power < 0:
        raise ValueError(f"expected a power of at least 0, found {power}")
    lead = np.arange(power, -1, -2)
    behind = (power - lead) / 2
    ways_log = gammaln(power + 1) - gammaln(behind + 1) - gammaln(power - behind + 1)
    weights = np.zeros(power + 1)
    weights[lead] = np.where(lead > 0, 2.0, 1.0) * np.exp(ways_log - power * np.log(2.0))
    beyond = np.cumsum(weights[::-1])[::-1]
    kept = weights[beyond > tolerance]
    return tuple((kept / kept.sum()).tolist())


def power_times(matrix: scipy.sparse.dia_array, power: int, values_N: np.ndarray) -> np.ndarray:
    """matrix^power @ values_N up to `TOLERANCE`, float32 (N,).

    The matrix (N, N) must have real eigenvalues in [-1, 1] and be diagonal in some basis: a symmetric one with rows
    divided by their sums, entries at least 0, is so.
    """
    weights = chebyshev_weights(power)
    previous_N = np.asarray(values_N, np.float32)
    total_N = np.float32(weights[0]) * previous_N
    if len(weights) == 1:
        return total_N
    # T_0 = 1, T_1 = x, T_(k+1) = 2 x T_k - T_(k-1)
    current_N = matrix @ previous_N
    total_N += np.float32(weights[1]) * current_N
    for weight in weights[2:]:
        following_N = matrix @ current_N
        following_N *= 2
        following_N -= previous_N
        if weight > 0:
            total_N += np.float32(weight) * following_N
        previous_N, current_N = current_N, following_N
    return total_N
