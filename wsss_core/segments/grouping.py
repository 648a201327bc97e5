"""From an embedding to segments: k-means within each image, cut at the borders of labels and of the over-segmentation.

(SPML, Ke et al., ICLR 2021; SegSort, Hwang et al., ICCV 2019.)
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from wsss_core.label_ids import IGNORE
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.spherical_kmeans import grid_clusters, spherical_kmeans

LABEL_DIVISOR = 2048
"""Regions of an image have numbers below this, so that label and region fit in one number."""


@dataclass(frozen=True)
class KMeans:
    """`clusters`: K_y, K_x of the initial grid. `iterations`: of the k-means."""

    clusters: tuple[int, int]
    iterations: int = 10


@dataclass(frozen=True)
class Segments:
    """The P pixels of a batch that have a label, row after row, image after image, in N segments.

    `embedding_PD` float32 of length 1; `located_PE` the same with local features, of length 1. `segment_P` int64
    0..N-1, sorted by image, cluster and label. `label_N`, `region_N`, `image_N` int64 of each segment. `kept_Bhw` bool:
    which pixels of the batch these are.
    """

    embedding_PD: torch.Tensor
    located_PE: torch.Tensor
    segment_P: torch.Tensor
    label_N: torch.Tensor
    region_N: torch.Tensor
    image_N: torch.Tensor
    kept_Bhw: torch.Tensor

    @property
    def count(self) -> int:
        """Number of segments N."""
        return len(self.label_N)

    @property
    def image_P(self) -> torch.Tensor:
        """Image of each pixel."""
        return self.image_N[self.segment_P]


def at_size(map_BHW: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Integer maps (B, H, W) at another size by nearest neighbour, index floor(i · scale), as int64."""
    return functional.interpolate(map_BHW[:, None].float(), size=size_hw, mode="nearest")[:, 0].long()


def group(
    embedding_BDhw: torch.Tensor,
    local_BhwL: torch.Tensor,
    label_BHW: torch.Tensor,
    region_BHW: torch.Tensor,
    kmeans: KMeans,
    embedding_share: float = 1.0,
) -> Segments:
    """The segments of a batch. Clustering has no gradient; `embedding_PD` and `located_PE` have.

    embedding_BDhw: of any length. local_BhwL: local features. label_BHW: integers at any size; 255 leaves a pixel out,
    every other value is a label, that of unlabelled pixels too. region_BHW: over-segmentation, numbers below 2048.
    embedding_share: weight of the unit embedding beside the local features in `located_PE` (DensePose: 0.1); the
    clustering itself takes 1.

    Raises `ValueError` for region numbers from 2048 on.
    """
    size_hw = (embedding_BDhw.shape[2], embedding_BDhw.shape[3])
    label_Bhw, region_Bhw = at_size(label_BHW, size_hw), at_size(region_BHW, size_hw)
    _check_regions(region_Bhw)
    embedding_BhwD = unit(embedding_BDhw.permute(0, 2, 3, 1).float())
    kept_Bhw = label_Bhw != IGNORE
    with torch.no_grad():
        feature_BhwE = unit(torch.cat([embedding_BhwD, local_BhwL], dim=-1))
        start_hw = grid_clusters(size_hw, kmeans.clusters, embedding_BDhw.device)
        used, start_hw = start_hw.unique(return_inverse=True)
        cluster_P = torch.cat(
            [
                spherical_kmeans(feature_hwE[kept_hw], start_hw[kept_hw], len(used), kmeans.iterations)
                for feature_hwE, kept_hw in zip(feature_BhwE, kept_Bhw, strict=True)
            ]
        )
    image_P = torch.nonzero(kept_Bhw)[:, 0]
    triple_P = _numbered(image_P, cluster_P, label_Bhw[kept_Bhw] * LABEL_DIVISOR + region_Bhw[kept_Bhw])
    triples_N, segment_P = triple_P.unique(return_inverse=True)
    label_N = triples_N % _LABELS
    embedding_PD = embedding_BhwD[kept_Bhw]
    return Segments(
        embedding_PD=embedding_PD,
        located_PE=unit(torch.cat([embedding_share * embedding_PD, local_BhwL[kept_Bhw]], dim=-1)),
        segment_P=segment_P,
        label_N=label_N // LABEL_DIVISOR,
        region_N=label_N % LABEL_DIVISOR,
        image_N=triples_N // (_LABELS * _CLUSTERS),
        kept_Bhw=kept_Bhw,
    )


_LABELS = 2**16 * LABEL_DIVISOR
_CLUSTERS = 1 << 20


def _numbered(image_P: torch.Tensor, cluster_P: torch.Tensor, label_P: torch.Tensor) -> torch.Tensor:
    """One number per (image, cluster, label), in their order."""
    return (image_P * _CLUSTERS + cluster_P) * _LABELS + label_P


def _check_regions(region_Bhw: torch.Tensor) -> None:
    if region_Bhw.numel() and int(region_Bhw.max()) >= LABEL_DIVISOR:
        raise ValueError(
            f"expected fewer than {LABEL_DIVISOR} regions in an image, found the number {int(region_Bhw.max())}; take "
            "larger regions"
        )
