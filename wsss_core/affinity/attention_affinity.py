"""Affinity of grid cells from attention between them, and what it makes of CAMs (CLIP-ES, CVPR 2023, section 3.4)."""

from typing import NamedTuple

import numpy as np
import torch


class AttentionAffinity(NamedTuple):
    """The mean of a scaled attention and its transposed, kept in factors: no product of them is ever formed.

    `attention_NN` float32, from rows to columns; `row_N` and `column_N`: factors on its rows and columns.
    """

    attention_NN: np.ndarray
    row_N: np.ndarray
    column_N: np.ndarray

    def matrix(self) -> np.ndarray:
        """The affinity itself, symmetric float32 (N, N)."""
        scaled_NN = self.row_N[:, None] * self.attention_NN * self.column_N
        return (scaled_NN + scaled_NN.T) / 2

    def __matmul__(self, value_NK: np.ndarray) -> np.ndarray:
        """The affinity times float32 (N, K)."""
        row_N1, column_N1 = self.row_N[:, None], self.column_N[:, None]
        forth_NK = row_N1 * (self.attention_NN @ (column_N1 * value_NK))
        back_NK = column_N1 * (self.attention_NN.T @ (row_N1 * value_NK))
        return (forth_NK + back_NK) / 2


def attention_affinity(attention_NN: np.ndarray, rounds: int) -> AttentionAffinity:
    """The affinity from attention (N, N) of any float type, all positive sums.

    `rounds` times columns, then rows are divided by their sums (Sinkhorn), then the mean with the transposed is taken.
    """
    # PyTorch has instructions for half precision, NumPy takes value by value: the longest step of all.
    weights_NN: np.ndarray = torch.from_numpy(attention_NN.copy()).float().numpy()
    row_N: np.ndarray = np.ones(len(weights_NN), np.float32)
    column_N = row_N
    for _ in range(rounds):
        column_N = 1 / (row_N @ weights_NN)
        row_N = 1 / (weights_NN @ column_N)
    return AttentionAffinity(weights_NN, row_N, column_N)


def collected(affinity: AttentionAffinity, value_KN: np.ndarray, inside_KN: np.ndarray, power: int) -> np.ndarray:
    """Float32 (K, N): affinity^power applied to the values inside the boxes of each class.

    Every cell, inside or outside, collects from the inside alone. The published code raises the matrix to the power and
    masks a copy for each class; here it is applied to the K masked vectors one time after the other, which is the same.
    """
    found_NK = np.ascontiguousarray((value_KN * inside_KN).T, np.float32)
    for _ in range(power):
        found_NK = affinity @ found_NK
    return np.ascontiguousarray(found_NK.T)
