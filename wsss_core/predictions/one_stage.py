"""Label maps of WS-FCN, its parent and their baseline, as their codes make them (Wang et al., TNNLS 2023; Araslanov &
Roth, CVPR 2020)."""

import logging
from collections.abc import Mapping

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import power_background
from wsss_core.checkpoints.store import load_network
from wsss_core.crf import crf_probabilities
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.predictions.label_row import label_row
from wsss_core.segmenters.one_stage_masks import above_cut, image_masks
from wsss_core.segmenters.padded_views import Normalise
from wsss_core.settings.one_stage import OneStagePredictionsSettings
from wsss_core.stages.context import Processor, StageContext

logger = logging.getLogger(__name__)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image with the network of the input `segmenter`.

    Raises `ValueError` when the network's classes are not those of the data, `TypeError` for another network.
    """
    settings = context.typed_settings(OneStagePredictionsSettings)
    folder = context.inputs["segmenter"]
    network, card = load_network(folder, context.device)
    if not isinstance(network, OneStageNetwork):
        raise TypeError(
            f"stage {context.stage!r}: expected a one-stage network in {folder}, found {type(network).__name__}; "
            "take the predictions `multiscale` for it"
        )
    card.require_classes(context.manifest.classes[1:], folder)
    if settings.restrict_to_tags:
        logger.warning(
            "stage %r: the tags of each image are an input (`restrict_to_tags`); its figures are no validation results",
            context.stage,
        )

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        scores_KHW = image_scores(network, card.normalisation, read_image(record.file), settings, record.tags)
        return label_row(record.image_id, scores_KHW, settings.confidence)

    return process


def image_scores(
    network: OneStageNetwork,
    normalise: Normalise,
    image_HW3: np.ndarray,
    settings: OneStagePredictionsSettings,
    tags: tuple[int, ...] | None,
) -> np.ndarray:
    """Scores (K, H, W) float32 of an image uint8 RGB (H, W, 3), whose largest is the label.

    `tags`: the image's label ids; None where nobody knows them, so that `restrict_to_tags` has no effect. With a CRF
    the scores are probabilities.
    """
    given = tags if settings.restrict_to_tags else None

    def decide(probability_C: np.ndarray) -> list[int]:
        return above_cut(probability_C, settings.tag_cut) if given is None else list(given)

    mask_KHW = image_masks(network, normalise, image_HW3, settings, decide)
    scores_KHW = with_background(mask_KHW, settings)
    if settings.crf is None:
        return scores_KHW
    probabilities_KHW = crf_input(scores_KHW, settings)
    if settings.crf_all_classes:
        return crf_probabilities(image_HW3, probabilities_KHW, settings.crf)
    shown = mask_KHW.any(axis=(1, 2)) | (np.arange(len(mask_KHW)) == BACKGROUND)
    result_KHW = np.zeros_like(mask_KHW)
    result_KHW[shown] = crf_probabilities(image_HW3, probabilities_KHW[shown], settings.crf)
    return result_KHW


def with_background(mask_KHW: np.ndarray, settings: OneStagePredictionsSettings) -> np.ndarray:
    """Masks (K, H, W) whose background is the constant, or its power."""
    if settings.background == "constant":
        background_HW = np.full(mask_KHW.shape[1:], settings.background_constant, mask_KHW.dtype)
    else:
        background_HW = mask_KHW[BACKGROUND] ** np.float32(settings.background_power)
    return np.concatenate([background_HW[None], mask_KHW[1:]])


def crf_input(scores_KHW: np.ndarray, settings: OneStagePredictionsSettings) -> np.ndarray:
    """Scores (K, H, W), not normalised over the classes, that the CRF gets."""
    if settings.crf_background_power is None:
        return scores_KHW
    background_HW = power_background(scores_KHW[1:], settings.crf_background_power)
    return np.concatenate([background_HW[None], scores_KHW[1:]])
