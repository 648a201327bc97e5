import numpy as np
import pytest
import torch

from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.segmenters.query_scores import input_scores, query_scores, resized_within, size_within


@pytest.fixture(scope="module")
def network() -> Mask2Former:
    torch.manual_seed(0)
    network = build_segmenter("mask2former", "swin_mini", 3)
    assert isinstance(network, Mask2Former)
    return network.eval()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((375, 500), (512, 683)), ((500, 375), (683, 512)), ((100, 1000), (205, 2048)), ((1, 1), (512, 512))],
)
def test_images_are_made_as_large_as_fits(size, expected):
    assert size_within(size, 2048, 512) == expected
    assert resized_within(np.zeros((*size, 3), np.uint8), 2048, 512).shape == (*expected, 3)


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (37, 51, 3), dtype=np.uint8)


def test_scores_have_the_size_of_the_image_and_lie_between_zero_and_the_number_of_queries(network):
    scores = query_scores(network, network.normalisation, image(), 128, 64)
    assert scores.shape == (3, 37, 51)
    assert scores.min() >= 0
    assert scores.max() <= network.shape.queries


def test_one_scale_is_the_networks_answer_enlarged(network):
    x = torch.from_numpy(network.normalisation(resized_within(image(), 128, 64)))[None]
    with torch.inference_mode():
        plain = torch.nn.functional.interpolate(input_scores(network, x), size=(37, 51), mode="bilinear")[0]
    np.testing.assert_allclose(query_scores(network, network.normalisation, image(), 128, 64), plain, rtol=1e-5)


def test_mirror_images_give_mirrored_scores(network):
    both = query_scores(network, network.normalisation, image(), 128, 64, mirror=True)
    turned = query_scores(network, network.normalisation, np.ascontiguousarray(image()[:, ::-1]), 128, 64, mirror=True)
    np.testing.assert_allclose(both, turned[..., ::-1], rtol=1e-3, atol=1e-4)


def test_scales_are_averaged(network):
    single = [query_scores(network, network.normalisation, image(), 128, 64, (scale,)) for scale in (0.5, 1.0)]
    both = query_scores(network, network.normalisation, image(), 128, 64, (0.5, 1.0))
    np.testing.assert_allclose(both, (single[0] + single[1]) / 2, rtol=1e-4, atol=1e-6)
