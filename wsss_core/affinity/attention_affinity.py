"""Affinity of grid cells from attention between them, and what it makes of CAMs (CLIP-ES, CVPR 2023, section 3.4)."""

import numpy as np


def attention_affinity(attention_NN: np.ndarray, rounds: int) -> np.ndarray:
    """Symmetric float32 (N, N) from attention of any float type, rows from, columns to.

    `rounds` times columns, then rows are divided by their sums (Sinkhorn), then the mean with the transposed is taken.
    """
    affinity_NN = attention_NN.astype(np.float32)
    for _ in range(rounds):
        affinity_NN /= affinity_NN.sum(axis=0, keepdims=True)
        affinity_NN /= affinity_NN.sum(axis=1, keepdims=True)
    return (affinity_NN + affinity_NN.T) / 2


def collected(affinity_NN: np.ndarray, value_KN: np.ndarray, inside_KN: np.ndarray, power: int) -> np.ndarray:
    """Float32 (K, N): affinity^power applied to the values inside the boxes of each class.

    Every cell, inside or outside, collects from the inside alone. The published code raises the matrix to the power and
    masks a copy for each class; here it is applied to the K masked vectors one time after the other, which is the same.
    """
    found_NK = (value_KN * inside_KN).T.astype(np.float32)
    for _ in range(power):
        found_NK = affinity_NN @ found_NK
    return np.ascontiguousarray(found_NK.T)
