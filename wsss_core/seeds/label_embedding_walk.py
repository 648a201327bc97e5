"""Labels of points handed to like pixels, then walked over the embedding: DensePose (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.data.images import read_image
from wsss_core.label_ids import IGNORE, best_label, is_known
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.regions.full_partition import full_partition
from wsss_core.segments.embedding_walk import cells_of, on_grid
from wsss_core.segments.grouping import KMeans, group
from wsss_core.segments.load import load_embedding
from wsss_core.segments.local_features import location
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.present import peaked_and_present, present_classes
from wsss_core.segments.prototypes import class_share, prototypes
from wsss_core.segments.tiles import padded
from wsss_core.segments.walked_labels import refined_scores, walked_scores
from wsss_core.settings.spml import LabelEmbeddingWalkSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

HALF = 2
"""Pixels are grouped at half of the sides, of the filled-up image and then of what is cut out of it."""


@torch.inference_mode()
def label_walk_scores(
    network: PixelEmbedding,
    picture_3HW: np.ndarray,
    label_HW: np.ndarray,
    region_HW: np.ndarray,
    settings: LabelEmbeddingWalkSettings,
) -> np.ndarray:
    """Walked scores (K, H, W) float32 of a network picture; 0 for classes that no pixel of `label_HW` has."""
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    device = next(network.parameters()).device
    canvas_hw = (max(settings.crop, size_hw[0]), max(settings.crop, size_hw[1]))
    image_13HW = padded(torch.from_numpy(picture_3HW).to(device), canvas_hw)[None]
    half_hw = halved(size_hw)
    embedding_1DHW = functional.interpolate(network.embed_pixels(image_13HW), size=halved(canvas_hw), mode="bilinear")
    embedding_1Dhw = embedding_1DHW[:, :, : half_hw[0], : half_hw[1]]
    share_Khw = spread_labels(embedding_1Dhw, label_HW, region_HW, network.classes, settings)
    grid_hw, present = cells_of(size_hw), present_classes(label_HW, network.classes)
    start = peaked_and_present(on_grid(share_Khw, grid_hw), present).nan_to_num(0)
    views = [on_grid(embedding_1Dhw[0], grid_hw)]
    return walked_scores(start, views, present, network.classes, size_hw, settings)


def halved(size_hw: tuple[int, int]) -> tuple[int, int]:
    """Half of the sides, rounded down, at least 1."""
    return max(1, size_hw[0] // HALF), max(1, size_hw[1] // HALF)


def spread_labels(
    embedding_1Dhw: torch.Tensor,
    label_HW: np.ndarray,
    region_HW: np.ndarray,
    classes: int,
    settings: LabelEmbeddingWalkSettings,
) -> torch.Tensor:
    """Share (K, h, w) of each class in a pixel's segment, after every pixel took the class of the most similar labelled
    segment; pixels of 255 are grouped too.

    Pixels are grouped by embedding and place; colour is for the training alone.
    """
    size_hw = (embedding_1Dhw.shape[2], embedding_1Dhw.shape[3])
    kept_HW = torch.from_numpy(np.where(label_HW == IGNORE, classes, label_HW.astype(np.int64)))[None]
    regions = torch.from_numpy(region_HW.astype(np.int64))[None]
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    device = embedding_1Dhw.device
    place_1hw2 = location(*size_hw, device=device)[None]
    segments = group(embedding_1Dhw, place_1hw2, kept_HW.to(device), regions.to(device), kmeans)
    labelled_N = is_known(segments.label_N, classes)
    if not bool(labelled_N.any()):
        return embedding_1Dhw.new_zeros(classes, *size_hw)
    prototype_ND = prototypes(segments.embedding_PD, segments.segment_P, segments.count)
    nearest_P = (segments.embedding_PD @ prototype_ND[labelled_N].T).argmax(1)
    class_P = segments.label_N[labelled_N][nearest_P]
    share_NK = class_share(class_P, segments.segment_P, segments.count, classes)
    return share_NK[segments.segment_P].T.reshape(classes, *size_hw)


def label_beside_ignored(score_KHW: np.ndarray, label_HW: np.ndarray) -> np.ndarray:
    """Label map (H, W) of the scores; where the first labels have 255 it stays."""
    walked_HW = best_label(score_KHW)
    return np.where(label_HW == IGNORE, IGNORE, walked_HW)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from the row of its points and its regions; 255 stays 255."""
    settings = context.typed_settings(LabelEmbeddingWalkSettings)
    network = load_embedding(context.inputs["segmenter"], context.device, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        label_HW = typed_row(rows, "seeds", LabelRow).label_HW
        region_HW = full_partition(typed_row(rows, "regions", RegionRow), settings.min_region_px)
        picture = network_picture(read_image(record.file), network.normalisation)
        scores = label_walk_scores(network, picture, label_HW, region_HW, settings)
        refined = refined_scores(scores, picture, network.normalisation, settings.crf)
        return LabelRow(record.image_id, label_beside_ignored(refined, label_HW))

    return process
