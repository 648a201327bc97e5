"""Label maps of a segmentation network, averaged over scales and mirror images, with an optional dense CRF."""

from collections.abc import Mapping

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import load_network
from wsss_core.crf import crf_probabilities
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND
from wsss_core.networks.network import Network
from wsss_core.predictions.label_row import label_row
from wsss_core.predictions.wrapped_image import wrapped_image
from wsss_core.segmenters.canvas import canvas_of
from wsss_core.segmenters.scores import predict_scores
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.predictions import MultiscalePredictionsSettings
from wsss_core.stages.context import Processor, StageContext


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with the network of the input `segmenter`.

    Raises `ValueError` when the network's classes are not those of the data.
    """
    settings = context.typed_settings(MultiscalePredictionsSettings)
    folder = context.inputs["segmenter"]
    network, card = load_network(folder, context.device)
    card.require_classes(context.manifest.classes[1:], folder)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        image_HW3 = read_image(record.file)
        scores_KHW = image_scores(network, card, image_HW3, settings, record.tags)
        return label_row(record.image_id, scores_KHW, settings.confidence)

    return process


def image_scores(
    network: Network,
    card: NetworkCard,
    image_HW3: np.ndarray,
    settings: MultiscalePredictionsSettings,
    tags: tuple[int, ...] | None,
) -> np.ndarray:
    """Probabilities (K, H, W) float32 of an image uint8 RGB (H, W, 3), as the settings ask for them.

    `tags`: the image's label ids; None where nobody knows them, so that `restrict_to_tags` has no effect.
    """
    scores_KHW = predict_scores(
        network,
        card.normalisation,
        image_HW3,
        settings.scales,
        settings.mirror,
        settings.average,
        settings.max_pixels,
        settings.precision,
        settings.canvas or canvas_of(card),
    )
    if settings.restrict_to_tags and tags is not None:
        scores_KHW = restricted(scores_KHW, tags)
    if settings.crf is not None:
        seen_HW3 = image_HW3 if settings.crf_image == "photograph" else wrapped_image(image_HW3)
        scores_KHW = refined(seen_HW3, scores_KHW, settings.crf, settings.crf_smallest_peak)
    return scores_KHW


def restricted(scores_KHW: np.ndarray, tags: tuple[int, ...]) -> np.ndarray:
    """Scores with every class that is neither background nor a tag set to 0, the rest scaled to sum to 1 per pixel."""
    allowed = np.zeros(len(scores_KHW), bool)
    allowed[[BACKGROUND, *tags]] = True
    kept_KHW = np.where(allowed[:, None, None], scores_KHW, np.float32(0))
    return kept_KHW / np.maximum(kept_KHW.sum(axis=0), np.finfo(np.float32).tiny)


def refined(image_HW3: np.ndarray, scores_KHW: np.ndarray, settings: CrfSettings, smallest_peak: float) -> np.ndarray:
    """Probabilities (K, H, W) float32 after a dense CRF over the background and the classes that reach `smallest_peak`
    somewhere; the others become 0."""
    peaks_K = scores_KHW.max(axis=(1, 2))
    chosen = np.flatnonzero((peaks_K >= smallest_peak) | (np.arange(len(peaks_K)) == BACKGROUND))
    result_KHW = np.zeros_like(scores_KHW)
    result_KHW[chosen] = crf_probabilities(image_HW3, scores_KHW[chosen], settings)
    return result_KHW
