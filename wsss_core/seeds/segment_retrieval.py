"""Pseudo labels by the nearest segments of a bank (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Mapping

import numpy as np
import torch

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.label_ids import best_label
from wsss_core.segments.bank import FILE_NAME, Bank
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.present import present_classes
from wsss_core.segments.retrieved_scores import LabelledRows, Segmenter, multiscale_shares, segmenter
from wsss_core.segments.tiles import Canvas
from wsss_core.segments.walked_labels import refined_scores
from wsss_core.settings.spml import RetrievedSeedsSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


@torch.inference_mode()
def retrieved_scores(
    segment: Segmenter,
    bank: LabelledRows,
    picture_3HW: np.ndarray,
    label_HW: np.ndarray,
    classes: int,
    settings: RetrievedSeedsSettings,
) -> np.ndarray:
    """Scores (K, H, W) float32: shares of the neighbours, those of the classes in `label_HW` stretched to reach 1."""
    shares_KHW = multiscale_shares(
        segment, bank, picture_3HW, settings.scales, settings.mirror, classes, settings.neighbours
    )
    for label in present_classes(label_HW, classes):
        shares_KHW[label] /= max(float(shares_KHW[label].max()), settings.smallest_peak)
    return shares_KHW


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from the row of its first labels."""
    settings = context.typed_settings(RetrievedSeedsSettings)
    classes = context.manifest.classes
    network = load_embedding(context.inputs["segmenter"], context.device, classes)
    bank = Bank(context.inputs["segmenter"] / FILE_NAME, len(classes))
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    segment = segmenter(network, Canvas(settings.crop, settings.stride), kmeans)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        label_HW = typed_row(rows, "seeds", LabelRow).label_HW
        picture = network_picture(read_image(record.file), network.normalisation)
        scores = retrieved_scores(segment, bank, picture, label_HW, len(classes), settings)
        refined = refined_scores(scores, picture, network.normalisation, settings.crf)
        return LabelRow(record.image_id, best_label(refined))

    return process
