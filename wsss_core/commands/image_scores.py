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
from wsss_core.predictions import multiscale, one_stage
from wsss_core.predictions.pixel_softmax import classifier_scores
from wsss_core.predictions.segment_retrieval import neighbour_shares
from wsss_core.predictions.tiles import ScoresOf
from wsss_core.segmenters.query_scores import query_scores
from wsss_core.segments.bank import FILE_NAME, Bank
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.network_picture import network_picture
from wsss_core.segments.retrieved_scores import segmenter
from wsss_core.segments.tiles import Canvas
from wsss_core.segments.walked_labels import refined_scores
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
        return _of_queries(_required(network, Mask2Former, "mask2former"), card, settings)
    if isinstance(settings, SegmentRetrievalSettings):
        return _of_bank(_required(network, PixelEmbedding, "segment_retrieval"), card, folder, settings)
    if isinstance(settings, PixelSoftmaxSettings):
        return _of_pixels(_required(network, PixelEmbedding, "pixel_softmax"), settings)
    raise SettingsError(f"predictions with {type(settings).__name__} ask no network, so none can label photographs")


def _required(network: Network, kind: type[NetworkT], method: str) -> NetworkT:
    if not isinstance(network, kind):
        raise SettingsError(
            f"predictions of the method {method} need a network {kind.__name__}, found {type(network).__name__}"
        )
    return network


def _of_queries(network: Mask2Former, card: NetworkCard, settings: Mask2FormerPredictionsSettings) -> ScoresOf:
    return partial(
        query_scores,
        network,
        card.normalisation,
        long_side=settings.long_side,
        short_side=settings.short_side,
        scales=settings.scales,
        mirror=settings.mirror,
        precision=settings.precision,
    )


def _of_pixels(network: PixelEmbedding, settings: PixelSoftmaxSettings) -> ScoresOf:
    def scores(image_HW3: np.ndarray) -> np.ndarray:
        picture = network_picture(image_HW3, network.normalisation)
        scores_Khw, seen = classifier_scores(network, picture, settings)
        return _at_size(refined_scores(scores_Khw, seen, network.normalisation, settings.crf), image_HW3)

    return scores


def _of_bank(network: PixelEmbedding, card: NetworkCard, folder: Path, settings: SegmentRetrievalSettings) -> ScoresOf:
    classes = len(card.classes) + 1
    bank = Bank(folder / FILE_NAME, classes)
    kmeans = KMeans(settings.clusters, settings.cluster_iterations)
    segment = segmenter(network, Canvas(settings.crop, settings.stride), kmeans)

    def scores(image_HW3: np.ndarray) -> np.ndarray:
        picture = network_picture(image_HW3, network.normalisation)
        shares_Khw, seen = neighbour_shares(segment, bank, picture, classes, settings)
        return _at_size(refined_scores(shares_Khw, seen, network.normalisation, settings.crf), image_HW3)

    return scores


def _at_size(scores_Khw: np.ndarray, image_HW3: np.ndarray) -> np.ndarray:
    """By the nearest neighbour, as these methods enlarge their label maps."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    if scores_Khw.shape[1:] == size_hw:
        return scores_Khw
    return np.stack([resize_nearest(scores_hw, size_hw) for scores_hw in scores_Khw])
