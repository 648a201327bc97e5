"""K-means of unit vectors by their cosine, from a regular grid (SegSort, Hwang et al., ICCV 2019; SPML, ICLR 2021)."""

import numpy as np
import torch

from wsss_core.segments.prototypes import nearest_prototype, prototypes

BLOCK = 1024
"""Pixels compared with all centres at a time on a processor: what is compared stays in its cache."""


def grid_clusters(
    grid_hw: tuple[int, int], clusters: tuple[int, int], device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Initial cluster of each cell, int64 (h, w): row + K_y · column of a grid of K_y x K_x clusters.

    Rows and columns are those of the nearest of K points from edge to edge (halves to even), so clusters at the edges
    are half as wide. Numbers of clusters without a cell stay unused.
    """
    row_h, column_w = (
        torch.linspace(0, count - 1, cells, device=device).round().long()
        for count, cells in zip(clusters, grid_hw, strict=True)
    )
    return row_h[:, None] + clusters[0] * column_w[None]


@torch.no_grad()
def spherical_kmeans(vector_PD: torch.Tensor, start_P: torch.Tensor, count: int, iterations: int) -> torch.Tensor:
    """Cluster (P,) int64 of each pixel, 0..count-1, after so many iterations.

    vector_PD: float32 (P, D) of length 1. start_P: int64 (P,). In each iteration a cluster's centre is the direction of
    the sum of its pixels (0, with cosine 0, when it has none) and every pixel goes to the centre with the largest
    cosine, the first of equals. When no pixel moves, nothing will any more, and the rest is left out.

    Sums are of float32 in the order of the pixels, as in the public code: rounded otherwise, pixels between centres as
    good as equal go elsewhere, and others follow them.
    """
    cluster_P = start_P
    for _ in range(iterations):
        centre_ND = prototypes(vector_PD, cluster_P, count)
        moved_P = _nearest(vector_PD, centre_ND)
        if torch.equal(moved_P, cluster_P):
            break
        cluster_P = moved_P
    return cluster_P


def _nearest(vector_PD: torch.Tensor, centre_ND: torch.Tensor) -> torch.Tensor:
    if vector_PD.device.type != "cpu":
        return nearest_prototype(vector_PD, centre_ND)
    # Every block in the same memory: new pages would cost as much as the products.
    cosine_BN = vector_PD.new_empty(BLOCK, len(centre_ND))
    nearest_P = np.empty(len(vector_PD), np.int64)
    for first in range(0, len(vector_PD), BLOCK):
        block_BD = vector_PD[first : first + BLOCK]
        torch.mm(block_BD, centre_ND.T, out=cosine_BN[: len(block_BD)])
        # numpy compares many values at once, torch does not
        nearest_P[first : first + BLOCK] = cosine_BN[: len(block_BD)].numpy().argmax(axis=1)
    return torch.from_numpy(nearest_P)
