"""K-means of unit vectors by their cosine, from a regular grid (SegSort, Hwang et al., ICCV 2019; SPML, ICLR 2021)."""

import torch

from wsss_core.segments.prototypes import prototypes

BLOCK = 8192
"""Pixels compared with all centres at a time: what is compared stays in the processor's cache."""


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
    return torch.cat([_argmax(block_PD @ centre_ND.T) for block_PD in vector_PD.split(BLOCK)])


def _argmax(cosine_PN: torch.Tensor) -> torch.Tensor:
    if cosine_PN.device.type == "cpu":
        return torch.from_numpy(cosine_PN.numpy().argmax(axis=1))  # numpy compares many values at once, torch does not
    return cosine_PN.argmax(dim=1)
