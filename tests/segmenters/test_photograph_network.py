"""One look of every family of networks is what its predictions make of one scale without mirror, canvas and CRF."""

import numpy as np
import pytest
import torch

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB, Normalisation
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.predictions import one_stage
from wsss_core.predictions.pixel_softmax import classifier_scores
from wsss_core.segmenters.canvas import canvas_of
from wsss_core.segmenters.photograph_network import PhotographNetwork, shares
from wsss_core.segmenters.query_scores import query_scores
from wsss_core.segmenters.scores import predict_scores
from wsss_core.segments.network_picture import network_picture
from wsss_core.settings.one_stage import OneStagePredictionsSettings
from wsss_core.settings.spml import PixelSoftmaxSettings

IMAGE = np.random.default_rng(0).integers(0, 256, (70, 53, 3), np.uint8)


def build(
    architecture: str, backbone: str = "small", rule: Normalisation = IMAGENET_RGB
) -> tuple[SegmentationNetwork, NetworkCard]:
    torch.manual_seed(0)
    card = NetworkCard("segmenter", backbone, ("cat", "dog"), rule, architecture=architecture)
    network = card.build().eval()
    assert isinstance(network, SegmentationNetwork)
    return network, card


def look(whole: PhotographNetwork, image_HW3: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        probabilities: np.ndarray = whole(torch.from_numpy(image_HW3[None]))[0].numpy()
    return probabilities


@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v2", "deeplab_v3plus"])
@pytest.mark.parametrize("rule", [IMAGENET_RGB, CAFFE_BGR])
def test_deeplab_gives_the_scores_of_one_scale(architecture: str, rule: Normalisation) -> None:
    network, card = build(architecture, rule=rule)
    expected = predict_scores(network, card.normalisation, IMAGE, canvas=canvas_of(card))
    np.testing.assert_allclose(look(PhotographNetwork(network, card), IMAGE), expected, atol=1e-5)


@pytest.mark.parametrize("architecture", ["ws_fcn", "one_stage", "one_stage_cam"])
@pytest.mark.parametrize("background", ["constant", "power"])
@pytest.mark.parametrize("cut", [0.0, 0.5, 1.0])
def test_a_one_stage_network_decides_classes_and_weighs_the_background(
    architecture: str, background: str, cut: float
) -> None:
    network, card = build(architecture)
    assert isinstance(network, OneStageNetwork)
    values = {"background": background, "tag_cut": cut, "scales": (1.0,), "mirror": False, "canvas": None}
    settings = OneStagePredictionsSettings.model_validate(values)
    scores_KHW = one_stage.image_scores(network, card.normalisation, IMAGE, settings, None)
    found_KHW = look(PhotographNetwork(network, card, settings), IMAGE)
    np.testing.assert_allclose(found_KHW, shares(torch.from_numpy(scores_KHW)[None])[0], atol=1e-5)
    if cut == 1.0:
        np.testing.assert_array_equal(found_KHW.argmax(0), 0)


def test_queries_give_shares_of_their_class_scores() -> None:
    network, card = build("mask2former", "swin_mini")
    assert isinstance(network, Mask2Former)
    image = IMAGE[:64, :48]
    expected = query_scores(network, card.normalisation, image, long_side=64, short_side=48)
    found = look(PhotographNetwork(network, card), image)
    np.testing.assert_allclose(found, expected / expected.sum(0), atol=1e-4)


def test_an_embedding_is_classified_pixel_by_pixel() -> None:
    network, card = build("embedding_deeplab")
    assert isinstance(network, PixelEmbedding)
    image = np.ascontiguousarray(IMAGE[:48, :48])
    settings = PixelSoftmaxSettings(scales=(1.0,), mirror=False, crop=48, stride=48)
    expected, _ = classifier_scores(network, network_picture(image, card.normalisation), settings)
    np.testing.assert_allclose(look(PhotographNetwork(network, card), image), expected, atol=1e-5)


def test_a_look_of_another_size_still_answers_at_the_photographs() -> None:
    network, card = build("deeplab_v1")
    plain = look(PhotographNetwork(network, card), IMAGE)
    same_size = look(PhotographNetwork(network, card, look_hw=(70, 53)), IMAGE)
    np.testing.assert_allclose(same_size, plain, atol=1e-6)
    smaller = look(PhotographNetwork(network, card, look_hw=(40, 40)), IMAGE)
    assert smaller.shape == plain.shape
    np.testing.assert_allclose(smaller.sum(0), 1, atol=1e-5)
    assert np.abs(smaller - plain).max() > 1e-6


def test_no_score_at_all_gives_no_number_that_is_none() -> None:
    np.testing.assert_array_equal(shares(torch.zeros(1, 2, 1, 1)).flatten(), [0, 0])
    np.testing.assert_allclose(shares(torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)).flatten(), [0.25, 0.75])
