"""One image at inference: its pixels in segments, and a prototype for each (SPML, Ke et al., ICLR 2021)."""

from typing import NamedTuple

import numpy as np
import torch

from wsss_core.label_ids import IGNORE
from wsss_core.networks.pixel_embedding import PixelEmbedding, unit
from wsss_core.segments.grouping import KMeans, Segments, group
from wsss_core.segments.local_features import location
from wsss_core.segments.prototypes import prototypes
from wsss_core.segments.tiles import Canvas, tiled_sum


class SegmentedImage(NamedTuple):
    """`segment_HW` int64: segment of each pixel, 0..N-1. `prototype_ND` float32 of length 1."""

    segment_HW: torch.Tensor
    prototype_ND: torch.Tensor


def pixel_embeddings(network: PixelEmbedding, image_3HW: torch.Tensor, canvas: Canvas) -> torch.Tensor:
    """Mean (D, H', W') of the unit embeddings of all tiles, on the padded image; its length is below 1 where tiles
    overlap."""
    total_DHW, count_HW = tiled_sum(lambda tile: unit(network.embed_pixels(tile), dim=1), image_3HW, canvas)
    return total_DHW / count_HW


def segment_image(
    network: PixelEmbedding, image_3HW: np.ndarray, canvas: Canvas, kmeans: KMeans, cut_first: bool = False
) -> SegmentedImage:
    """The segments of a normalised image float32 (3, H, W), without labels and over-segmentation.

    The grid of the k-means spans the padded canvas, whose padding is left out of the clusters; with `cut_first` it
    spans the image alone, as the published retrieval at several scales has it.
    """
    height, width = image_3HW.shape[1:]
    device = next(network.parameters()).device
    embedding_DHW = pixel_embeddings(network, torch.from_numpy(image_3HW).to(device), canvas)
    if cut_first:
        embedding_DHW = embedding_DHW[:, :height, :width]
    label_HW = torch.full(embedding_DHW.shape[1:], IGNORE, device=device)
    label_HW[:height, :width] = 0
    segments = group_one(embedding_DHW, label_HW, kmeans)
    segment_HW = segments.segment_P.reshape(height, width)  # what is kept is the image
    return SegmentedImage(segment_HW, prototypes(segments.embedding_PD, segments.segment_P, segments.count))


def group_one(embedding_DHW: torch.Tensor, label_HW: torch.Tensor, kmeans: KMeans) -> Segments:
    """`grouping.group` of one image with places as local features and no over-segmentation."""
    size_hw = (embedding_DHW.shape[1], embedding_DHW.shape[2])
    place_HW2 = location(*size_hw, device=embedding_DHW.device)
    return group(embedding_DHW[None], place_HW2[None], label_HW[None], torch.zeros_like(label_HW)[None], kmeans)
