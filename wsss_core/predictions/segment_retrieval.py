"""Label maps by the nearest segments of a bank, without any tag (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Callable, Mapping

import numpy as np
import torch

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.bank import FILE_NAME, Bank
from wsss_core.segments.enlarged_labels import at_image_size
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.retrieved_scores import (
    LabelledRows,
    Segmenter,
    multiscale_shares,
    one_view_shares,
    segmenter,
)
from wsss_core.segments.tiles import Canvas
from wsss_core.segments.walked_labels import refined_scores
from wsss_core.settings.spml import SegmentRetrievalSettings
from wsss_core.stages.context import Processor, StageContext


@torch.inference_mode()
def neighbour_shares(
    segment: Segmenter, bank: LabelledRows, picture_3HW: np.ndarray, classes: int, settings: SegmentRetrievalSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (K, h, w) float32 of the classes, and the network picture (3, h, w) of their size."""
    if settings.long_side is not None:
        return one_view_shares(segment, bank, picture_3HW, settings.long_side, classes, settings.neighbours)
    scales, mirror = settings.scales, settings.mirror
    return multiscale_shares(segment, bank, picture_3HW, scales, mirror, classes, settings.neighbours), picture_3HW


def scores_by_bank(
    network: PixelEmbedding, bank: LabelledRows, classes: int, settings: SegmentRetrievalSettings
) -> Callable[[np.ndarray], np.ndarray]:
    """What scores an image uint8 RGB: (K, h, w) float32 of K = `classes`, after the CRF if there is one; with
    `long_side` of that size."""
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    segment = segmenter(network, Canvas(settings.crop, settings.stride), kmeans)

    def scores(image_HW3: np.ndarray) -> np.ndarray:
        picture = network_picture(image_HW3, network.normalisation)
        shares, seen = neighbour_shares(segment, bank, picture, classes, settings)
        return refined_scores(shares, seen, network.normalisation, settings.crf)

    return scores


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with network and bank of the input `segmenter`."""
    settings = context.typed_settings(SegmentRetrievalSettings)
    classes = context.manifest.classes
    network = load_embedding(context.inputs["segmenter"], context.device, classes)
    bank = Bank(context.inputs["segmenter"] / FILE_NAME, len(classes))
    scores = scores_by_bank(network, bank, len(classes), settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        found = scores(read_image(record.file))
        return at_image_size(record.image_id, found, (record.height, record.width), settings.confidence)

    return process
