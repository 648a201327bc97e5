"""Label maps by the nearest segments of a bank, without any tag (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Mapping

import numpy as np
import torch

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
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


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with network and bank of the input `segmenter`."""
    settings = context.typed_settings(SegmentRetrievalSettings)
    classes = context.manifest.classes
    network = load_embedding(context.inputs["segmenter"], context.device, classes)
    bank = Bank(context.inputs["segmenter"] / FILE_NAME, len(classes))
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    segment = segmenter(network, Canvas(settings.crop, settings.stride), kmeans)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        picture = network_picture(read_image(record.file), network.normalisation)
        shares, seen = neighbour_shares(segment, bank, picture, len(classes), settings)
        refined = refined_scores(shares, seen, network.normalisation, settings.crf)
        return at_image_size(record.image_id, refined, (record.height, record.width), settings.confidence)

    return process
