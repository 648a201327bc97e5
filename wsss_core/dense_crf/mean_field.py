"""Mean-field inference of a dense CRF on the permutohedral lattice, for several energies of one image at once.

The loops are compiled (`_mean_field.cpp`, `permutohedral.h`, which name the papers); this file is their door: it checks
the arrays, and that what is compiled is the source beside it.
"""

from pathlib import Path

import numpy as np

from wsss_core.compiled import remedy, require_same_source

_FOLDER = Path(__file__).parent

try:
    from wsss_core.dense_crf import _mean_field
except ImportError as error:
    raise ImportError(f"expected the compiled part of the dense CRF, found {error}: {remedy(_FOLDER)}") from error

require_same_source(_mean_field.SOURCE, _FOLDER, "the dense CRF")


def mean_field(
    unary_PKN: np.ndarray,
    gaussian_N2: np.ndarray,
    gaussian_weight: float,
    bilateral_N5: np.ndarray,
    bilateral_weight: float,
    iterations: int,
) -> np.ndarray:
    """Marginals (P, K, N) float32, over K with sum 1, of P problems with the same pairwise energy and pixels.

    `unary_PKN` are finite energies of K labels at N pixels. A kernel is exp(-|f_i - f_j|^2 / 2) on the rows of its
    features, normalised symmetrically, times its weight (Potts model). From softmax(-unary) on, every iteration takes
    softmax(-unary + sum of the filtered marginals), Krähenbühl & Koltun, NeurIPS 2011, algorithm 1. Agrees with
    pydensecrf within float32 rounding. Uses one thread and lets other Python threads run.

    Raises `ValueError` for energies that are not finite, and for features above some 10^5 deviations.
    """
    problems, labels, pixels = unary_PKN.shape
    if gaussian_N2.shape != (pixels, 2) or bilateral_N5.shape != (pixels, 5):
        raise ValueError(
            f"expected features ({pixels}, 2) and ({pixels}, 5) for {pixels} pixels, "
            f"found {gaussian_N2.shape} and {bilateral_N5.shape}"
        )
    unary = np.ascontiguousarray(unary_PKN, np.float32)
    if not np.isfinite(unary).all():
        raise ValueError("expected finite energies, found NaN or infinity: look for NaN among the scores")
    gaussian = np.ascontiguousarray(gaussian_N2, np.float32)
    bilateral = np.ascontiguousarray(bilateral_N5, np.float32)
    result_PKN = np.empty_like(unary)
    if result_PKN.size:
        _mean_field.infer(
            unary, gaussian, gaussian_weight, bilateral, bilateral_weight, result_PKN, problems, labels, iterations
        )
    return result_PKN
