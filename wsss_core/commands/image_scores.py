"""Class scores of one photograph by the method of a predictions stage, without the stage and without tags."""

from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.data.uniform_crop import resize_nearest
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.network import Network
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.predictions import mask2former, multiscale, one_stage, pixel_softmax, segment_retrieval
from wsss_core.predictions.tiles import ScoresOf
from wsss_core.segments.bank import FILE_NAME, Bank
from wsss_core.settings.base import Settings, SettingsError
from wsss_core.settings.mask2former import Mask2FormerPredictionsSettings
from wsss_core.settings.one_stage import OneStagePredictionsSettings
from wsss_core.settings.predictions import MultiscalePredictionsSettings
from wsss_core.settings.spml import PixelSoftmaxSettings, SegmentRetrievalSettings

NetworkT = TypeVar("NetworkT", bound=Network)


def scores_of(network: Network, card: NetworkCard, folder: Path, settings: Settings) -> ScoresOf:
    """What scores (K, H, W) float32 an image uint8 RGB (H, W, 3), by the method that the settings belong to; the
    largest score is the label of that method's stage.

    `network` and `card` are those of the stage in `folder`. Raises `SettingsError` for a network that the method cannot
    ask, or for a method that asks none.
    """
    if isinstance(settings, MultiscalePredictionsSettings):
        return partial(multiscale.image_scores, network, card, settings=settings, tags=None)
    if isinstance(settings, OneStagePredictionsSettings):
        decider = _required(network, OneStageNetwork, "one_stage")  # type: ignore[type-abstract]
        return partial(one_stage.image_scores, decider, card.normalisation, settings=settings, tags=None)
    if isinstance(settings, Mask2FormerPredictionsSettings):
        asked = _required(network, Mask2Former, "mask2former")
        return partial(mask2former.image_scores, asked, card.normalisation, settings=settings)
    if isinstance(settings, SegmentRetrievalSettings):
        classes = len(card.classes) + 1
        embedding = _required(network, PixelEmbedding, "segment_retrieval")
        bank = Bank(folder / FILE_NAME, classes)
        return partial(_enlarged, segment_retrieval.scores_by_bank(embedding, bank, classes, settings))
    if isinstance(settings, PixelSoftmaxSettings):
        embedding = _required(network, PixelEmbedding, "pixel_softmax")
        return partial(_enlarged, partial(pixel_softmax.image_scores, embedding, settings=settings))
    raise SettingsError(
        f"predictions with {type(settings).__name__} ask no network, so none can label photographs. To do: name the "
        "stage of a segmenter, or predictions made by one."
    )


def _required(network: Network, kind: type[NetworkT], method: str) -> NetworkT:
    if not isinstance(network, kind):
        raise SettingsError(
            f"predictions of the method {method} need a network {kind.__name__}, found {type(network).__name__}. "
            "To do: name predictions by the method that fits this segmenter, or run the stage of predictions again."
        )
    return network


def _enlarged(scores: ScoresOf, image_HW3: np.ndarray) -> np.ndarray:
    return _at_size(scores(image_HW3), image_HW3)


def _at_size(scores_Khw: np.ndarray, image_HW3: np.ndarray) -> np.ndarray:
    """By the nearest neighbour, as these methods enlarge their label maps."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    if scores_Khw.shape[1:] == size_hw:
        return scores_Khw
    return np.stack([resize_nearest(scores_hw, size_hw) for scores_hw in scores_Khw])
