"""Scores between 0 and 1 from raw CAMs, as CLIP-ES (Lin et al., CVPR 2023) and FMA-WSSS (WACV 2024) make them."""

import numpy as np

EPSILON = 1e-7


def unit_scores(cam_KHW: np.ndarray) -> np.ndarray:
    """CAMs float (K, H, W) of any range -> float32 scores in [0, 1].

    Negative values become 0; then the smallest value of each class goes to 0 and its largest to (nearly) 1. A class
    without positive values is 0 everywhere.
    """
    positive_KHW = np.maximum(cam_KHW, 0).astype(np.float32, copy=False)
    if not positive_KHW.size:
        return positive_KHW
    lowest_K11 = positive_KHW.min(axis=(1, 2), keepdims=True)
    range_K11 = positive_KHW.max(axis=(1, 2), keepdims=True) - lowest_K11
    scores_KHW: np.ndarray = (positive_KHW - lowest_K11) / (range_K11 + np.float32(EPSILON))
    return scores_KHW
