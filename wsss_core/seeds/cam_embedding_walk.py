"""CAMs walked over the pixel embedding, then a dense CRF: SPML's first pseudo labels from tags (ICLR 2021)."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background, power_background
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND, best_label
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.embedding_walk import CELL_PX, cells_of, on_grid
from wsss_core.segments.load import load_embedding
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.untiled import grid_views
from wsss_core.segments.walked_labels import refined_scores, walked_scores
from wsss_core.settings.spml import CamEmbeddingWalkSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def start_grid(score_CHW: np.ndarray, class_ids: np.ndarray, alpha: float) -> tuple[torch.Tensor, list[int]]:
    """Scores (M, h, w) on the walk's grid, the background first, and the label id of each.

    Cells are eight pixels wide, whatever the image's sides; what is over right and below is not looked at.
    """
    if not has_own_background(class_ids):
        score_CHW = np.concatenate([power_background(score_CHW, alpha)[None], score_CHW])
        class_ids = np.concatenate([[BACKGROUND], class_ids])
    score = torch.from_numpy(score_CHW.astype(np.float32))
    if min(score_CHW.shape[1:]) < CELL_PX:
        return on_grid(score, cells_of((score_CHW.shape[1], score_CHW.shape[2]))), class_ids.tolist()
    grid = functional.interpolate(score[None], scale_factor=1 / CELL_PX, mode="bilinear")[0]
    return grid, class_ids.tolist()


@torch.inference_mode()
def cam_walk_scores(
    network: PixelEmbedding,
    picture_3HW: np.ndarray,
    score_CHW: np.ndarray,
    class_ids: np.ndarray,
    settings: CamEmbeddingWalkSettings,
) -> np.ndarray:
    """Walked scores (K, H, W) float32 of a network picture and its CAMs in 0..1, one channel per label id."""
    start, labels = start_grid(score_CHW, class_ids, settings.alpha)
    views = grid_views(network, picture_3HW, settings.crop, (start.shape[1], start.shape[2]), with_logits=False)
    embeddings = [view.embedding_Dhw for view in views]
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    return walked_scores(start.to(embeddings[0]), embeddings, labels, network.classes, size_hw, settings)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its CAMs."""
    settings = context.typed_settings(CamEmbeddingWalkSettings)
    network = load_embedding(context.inputs["segmenter"], context.device, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "cams", CamRow)
        picture = network_picture(read_image(record.file), network.normalisation)
        scores = cam_walk_scores(network, picture, row.scores(), row.class_ids, settings)
        refined = refined_scores(scores, picture, network.normalisation, settings.crf)
        return LabelRow(record.image_id, best_label(refined))

    return process
