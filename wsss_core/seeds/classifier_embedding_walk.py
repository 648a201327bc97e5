"""The classifier's probabilities walked over the pixel embedding: SPML's pseudo labels from boxes, scribbles and points
(ICLR 2021), and those of its second round from tags."""

from collections.abc import Mapping

import numpy as np
import torch

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.label_ids import best_label
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.embedding_walk import cells_of
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.present import peaked_and_present, present_classes
from wsss_core.segments.untiled import grid_views
from wsss_core.segments.walked_labels import refined_scores, walked_scores
from wsss_core.settings.spml import ClassifierEmbeddingWalkSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


@torch.inference_mode()
def classifier_walk_scores(
    network: PixelEmbedding, picture_3HW: np.ndarray, label_HW: np.ndarray, settings: ClassifierEmbeddingWalkSettings
) -> np.ndarray:
    """Walked scores (K, H, W) float32 of a network picture; 0 for classes that no pixel of `label_HW` has.

    Each class is divided by its own maximum over the image before the walk.
    """
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    views = grid_views(network, picture_3HW, settings.crop, cells_of(size_hw), settings.scales)
    logits = torch.stack([view.logits_Khw for view in views if view.logits_Khw is not None])
    shares = logits.softmax(1).mean(0) if settings.average == "softmax" else logits.mean(0).softmax(0)
    present = present_classes(label_HW, network.classes)
    start = peaked_and_present(shares, present)
    return walked_scores(start, [view.embedding_Dhw for view in views], present, network.classes, size_hw, settings)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from the row of its first labels."""
    settings = context.typed_settings(ClassifierEmbeddingWalkSettings)
    network = load_embedding(context.inputs["segmenter"], context.device, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        label_HW = typed_row(rows, "seeds", LabelRow).label_HW
        picture = network_picture(read_image(record.file), network.normalisation)
        scores = classifier_walk_scores(network, picture, label_HW, settings)
        refined = refined_scores(scores, picture, network.normalisation, settings.crf)
        return LabelRow(record.image_id, best_label(refined))

    return process
