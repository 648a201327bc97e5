"""The tag classifier of EPS: its map of the background, its scores and CAMs."""

import pytest
import torch

from wsss_core.networks.factory import build_classifier


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_classifier("small", 4, "eps").eval()


def test_scores_are_the_means_of_the_class_maps_without_the_background(network):
    images = torch.randn(2, 3, 40, 56)
    with torch.no_grad():
        maps = network.all_maps(images)
        assert maps.shape == (2, 5, 5, 7)
        torch.testing.assert_close(network(images), maps[:, :4].mean(dim=(2, 3)))
        torch.testing.assert_close(network.class_maps(images), maps[:, :4])


def test_cams_and_the_probability_of_the_background_sum_to_one(network):
    images = torch.randn(2, 3, 40, 56)
    with torch.no_grad():
        cam, background = network.cam(images), network.all_maps(images).softmax(dim=1)[:, 4]
    assert cam.min() >= 0
    torch.testing.assert_close(cam.sum(dim=1) + background, torch.ones_like(background))


def test_head_has_neither_bias_nor_dropout_and_learns_faster(network):
    assert network.fc8.bias is None
    assert not any(isinstance(module, torch.nn.Dropout2d) for module in network.modules())
    assert network.parameter_groups()[2] == ["fc8.weight"]


def test_a_classifier_without_classes_is_refused():
    with pytest.raises(ValueError, match="at least 1 class, found 0"):
        build_classifier("small", 0, "eps")
