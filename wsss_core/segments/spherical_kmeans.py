"""K-means of unit vectors by their cosine, from a regular grid (SegSort, Hwang et al., ICCV 2019; SPML, ICLR 2021)."""

import torch

from wsss_core.networks.pixel_embedding import unit

BLOCK = 8192
"""Pixels compared with all centres at a time: what is compared stays in the processor's cache."""
SLACK = 1e-5
"""Cosines nearer than this count as equal in bounds: more than the rounding of float32."""


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

    Pixels that cannot move are not compared: a cosine changes by at most the way that a centre has gone (Hamerly,
    Making k-means even faster, SDM 2010). The result is the same.
    """
    state = _State(vector_PD, start_P, count)
    for _ in range(iterations):
        if not state.iterate():
            break
    return state.cluster_P


class _State:
    """`sum_ND`, `size_N`: of the clusters' pixels. `own_P`: the cosine with the own centre is at least this; `other_P`:
    that with any other is at most this."""

    def __init__(self, vector_PD: torch.Tensor, start_P: torch.Tensor, count: int) -> None:
        self.vector_PD, self.cluster_P, self.count = vector_PD, start_P.clone(), count
        # Pixels come and go: what rounding leaves behind in float32 would turn the centres of small clusters.
        self.sum_ND = vector_PD.new_zeros(count, vector_PD.shape[1], dtype=torch.float64)
        for block_PD, block_P in zip(vector_PD.split(BLOCK), start_P.split(BLOCK), strict=True):
            self.sum_ND.index_add_(0, block_P, block_PD.double())
        self.size_N = torch.bincount(start_P, minlength=count)
        self.centre_ND = self._centres()
        self.own_P = vector_PD.new_full((len(vector_PD),), -torch.inf)
        self.other_P = vector_PD.new_full((len(vector_PD),), torch.inf)

    def iterate(self) -> bool:
        """Send every pixel to its nearest centre, and move the centres. Returns whether any pixel has moved."""
        moved_P = torch.cat([self._assign(part_P) for part_P in self._doubtful().split(BLOCK)] or [self.cluster_P[:0]])
        if not len(moved_P):
            return False
        before_ND, self.centre_ND = self.centre_ND, self._centres()
        self._loosen((self.centre_ND - before_ND).norm(dim=1))
        return True

    def _centres(self) -> torch.Tensor:
        empty_N1 = (self.size_N == 0)[:, None]
        return unit(self.sum_ND.masked_fill(empty_N1, 0)).to(self.vector_PD)

    def _doubtful(self) -> torch.Tensor:
        """Numbers of the pixels that might move."""
        doubtful_P = torch.nonzero(self.own_P <= self.other_P + SLACK)[:, 0]
        return doubtful_P

    def _assign(self, pixel_P: torch.Tensor) -> torch.Tensor:
        """Compare pixels with all centres; the numbers of those that move."""
        whole = len(pixel_P) == len(self.vector_PD)
        vector_PD = self.vector_PD if whole else self.vector_PD[pixel_P]
        cosine_PN = vector_PD @ self.centre_ND.T
        best_P = _argmax(cosine_PN)
        self.own_P[pixel_P] = cosine_PN.gather(1, best_P[:, None])[:, 0]
        self.other_P[pixel_P] = cosine_PN.scatter_(1, best_P[:, None], -torch.inf).amax(dim=1)
        before_P = self.cluster_P[pixel_P]
        moves_P = best_P != before_P
        vectors = vector_PD[moves_P].double()
        before_P, best_P, moved_P = before_P[moves_P], best_P[moves_P], pixel_P[moves_P]
        self.cluster_P[moved_P] = best_P
        self.sum_ND.index_add_(0, before_P, vectors, alpha=-1).index_add_(0, best_P, vectors)
        self.size_N += torch.bincount(best_P, minlength=self.count) - torch.bincount(before_P, minlength=self.count)
        return moved_P

    def _loosen(self, way_N: torch.Tensor) -> None:
        """Bounds after the centres have gone these ways."""
        farthest = int(way_N.argmax())
        others = way_N.clone()
        others[farthest] = 0
        self.own_P -= way_N[self.cluster_P]
        self.other_P += torch.where(self.cluster_P == farthest, others.max(), way_N[farthest])


def _argmax(cosine_PN: torch.Tensor) -> torch.Tensor:
    if cosine_PN.device.type == "cpu":
        return torch.from_numpy(cosine_PN.numpy().argmax(axis=1))  # numpy compares many values at once, torch does not
    return cosine_PN.argmax(dim=1)
