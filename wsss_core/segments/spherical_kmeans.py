"""K-means of unit vectors by their cosine, from a regular grid (SegSort, Hwang et al., ICCV 2019; SPML, ICLR 2021).

On a processor its loops are compiled (`_spherical_kmeans.cpp`); what they must give is said by `compared_with_all`.
"""

from pathlib import Path

import torch

from wsss_core.compiled import remedy, require_same_source
from wsss_core.segments.prototypes import nearest_prototype, prototypes

_FOLDER = Path(__file__).parent

try:
    from wsss_core.segments import _spherical_kmeans
except ImportError as error:
    raise ImportError(f"expected the compiled part of the k-means, found {error}: {remedy(_FOLDER)}") from error

require_same_source(_spherical_kmeans.SOURCE, _FOLDER, "the k-means")


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

    vector_PD: float32 (P, D) of length 1. start_P: int64 (P,), 0..count-1. In each iteration a cluster's centre is the
    direction of the sum of its pixels (0, with cosine 0, when it has none) and every pixel goes to the centre with the
    largest cosine, the first of equals. When no pixel moves, nothing will any more, and the rest is left out.

    Sums are of float32 in the order of the pixels, as in the public code: rounded otherwise, pixels between centres as
    good as equal go elsewhere, and others follow them. Results do not depend on the number of threads.

    On a processor most products are left out by bounds, which need `P count / 2` bytes. Raises `ValueError` for other
    shapes or types, there also for clusters that are not in 0..count-1.
    """
    if vector_PD.ndim != 2 or start_P.shape != vector_PD.shape[:1] or count < 1:
        raise ValueError(
            f"expected vectors (P, D), clusters (P,) and at least 1 cluster, "
            f"found {tuple(vector_PD.shape)}, {tuple(start_P.shape)} and {count}"
        )
    if vector_PD.dtype != torch.float32 or start_P.dtype != torch.int64:
        raise ValueError(
            f"expected vectors of float32 and clusters of int64, found {vector_PD.dtype} and {start_P.dtype}"
        )
    if vector_PD.device.type == "cpu":
        cluster_P = start_P.clone(memory_format=torch.contiguous_format)
        if _compiled(vector_PD.detach().contiguous(), cluster_P, count, iterations):
            return cluster_P
    return compared_with_all(vector_PD, start_P, count, iterations)


def _compiled(vector_PD: torch.Tensor, cluster_P: torch.Tensor, count: int, iterations: int) -> bool:
    """Moves the pixels in `cluster_P`; False, and nothing is changed, where vectors are not finite: no bound holds."""
    return _spherical_kmeans.cluster(
        vector_PD.numpy(), cluster_P.numpy(), vector_PD.shape[1], count, iterations, torch.get_num_threads()
    )


def compared_with_all(vector_PD: torch.Tensor, start_P: torch.Tensor, count: int, iterations: int) -> torch.Tensor:
    """`spherical_kmeans` by the full product of pixels and centres, on any device: `4 P count` bytes.

    NaN counts as the largest cosine.
    """
    cluster_P = start_P
    for _ in range(iterations):
        moved_P = nearest_prototype(vector_PD, prototypes(vector_PD, cluster_P, count))
        if torch.equal(moved_P, cluster_P):
            break
        cluster_P = moved_P
    return cluster_P
