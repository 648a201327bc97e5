"""Label maps of Mask2Former, as stage II of FMA-WSSS (WACV 2024) makes them."""

from collections.abc import Mapping

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE, LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.store import load_network
from wsss_core.data.images import read_image
from wsss_core.label_ids import best_label
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.normalisation import Normalisation
from wsss_core.segmenters.query_scores import query_scores
from wsss_core.settings.mask2former import Mask2FormerPredictionsSettings
from wsss_core.stages.context import Processor, StageContext


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with the network of the input `segmenter`.

    Raises `ValueError` when that is another network, or knows other classes than the data has.
    """
    settings = context.typed_settings(Mask2FormerPredictionsSettings)
    folder = context.inputs["segmenter"]
    network, card = load_network(folder, context.device)
    if not isinstance(network, Mask2Former):
        raise ValueError(
            f"stage {context.stage!r}: the network of {folder} is a {card.architecture}, expected mask2former; "
            "use the method `multiscale`"
        )
    card.require_classes(context.manifest.classes[1:], folder)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        scores_KHW = image_scores(network, card.normalisation, read_image(record.file), settings)
        return label_row(record.image_id, scores_KHW, settings.confidence)

    return process


def image_scores(
    network: Mask2Former, normalise: Normalisation, image_HW3: np.ndarray, settings: Mask2FormerPredictionsSettings
) -> np.ndarray:
    """Class scores (K, H, W) float32 of an image uint8 RGB, over the sizes and mirrors of the settings."""
    return query_scores(
        network,
        normalise,
        image_HW3,
        settings.long_side,
        settings.short_side,
        settings.scales,
        settings.mirror,
        settings.precision,
    )


def label_row(image_id: str, scores_KHW: np.ndarray, with_confidence: bool) -> LabelRow:
    """The label of the highest score per pixel (the lower id among equals); as confidence its share of all scores."""
    label_HW = best_label(scores_KHW)
    if not with_confidence:
        return LabelRow(image_id, label_HW)
    total_HW = np.maximum(scores_KHW.sum(axis=0), np.finfo(np.float32).tiny)
    return LabelRow(
        image_id, label_HW, np.rint(MAXIMUM_CONFIDENCE * scores_KHW.max(axis=0) / total_HW).astype(np.uint8)
    )
