"""K-means of an image's pixels: compiled, products left out by bounds, against one matrix of all similarities.

Baseline (the public code of SPML, Ke et al., ICLR 2021): in each of ten iterations the members of every cluster are
summed by a scatter, all pixels are compared with all centres, and the largest cosine is looked for.
"""

import torch
from torch.nn import functional

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.local_features import location
from wsss_core.segments.spherical_kmeans import grid_clusters, spherical_kmeans

SIZE_HW = (384, 512)  # the image on its canvas
CLUSTERS = (12, 12)
ITERATIONS = 10
CHANNELS = 64
NOISE = 0.3
COARSE_PX = 16
TARGET = 3.0
MOVED = 1e-4  # share of pixels that may differ: cosines that are equal up to rounding


def example() -> torch.Tensor:
    """Unit features (P, D + 2): smooth noise with fine noise on it, and places."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, CHANNELS, *(side // COARSE_PX for side in SIZE_HW), generator=generator)
    smooth_DHW = functional.interpolate(coarse, size=SIZE_HW, mode="bilinear")[0]
    embedding_DHW = smooth_DHW + NOISE * torch.randn(CHANNELS, *SIZE_HW, generator=generator)
    embedding_PD = unit(embedding_DHW.flatten(1).T)
    return unit(torch.cat([embedding_PD, location(*SIZE_HW).reshape(-1, 2)], dim=1))


def scattered_kmeans(vector_PD: torch.Tensor, cluster_P: torch.Tensor, count: int, iterations: int) -> torch.Tensor:
    """Clusters (P,) the published way."""
    for _ in range(iterations):
        index_PD = cluster_P[:, None].expand_as(vector_PD)
        sum_ND = torch.zeros(count, vector_PD.shape[1]).scatter_add_(0, index_PD, vector_PD)
        cluster_P = (vector_PD @ unit(sum_ND).T).argmax(dim=1)
    return cluster_P


def run() -> list[Comparison]:
    """Time per image; both ways must give the same clusters up to ties."""
    vector_PD = example()
    start_P, count = grid_clusters(SIZE_HW, CLUSTERS).reshape(-1), CLUSTERS[0] * CLUSTERS[1]
    plain_ms, expected_P = best_time_ms(lambda: scattered_kmeans(vector_PD, start_P, count, ITERATIONS), repeats=3)
    ours_ms, found_P = best_time_ms(lambda: spherical_kmeans(vector_PD, start_P, count, ITERATIONS), repeats=5)
    assert (found_P != expected_P).float().mean() <= MOVED, "clusters differ"
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {count} clusters"
    return [Comparison(f"clusters of pixels, {ITERATIONS} iterations", size, "ms", plain_ms, ours_ms, target=TARGET)]
