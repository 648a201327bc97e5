"""The tag classifier of IRN: its plain head, what it freezes and how it learns."""

import pytest
import torch
from torch.nn import functional

from wsss_core.networks.factory import build_classifier


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_classifier("resnet18", 4, "irn").eval()


def test_scores_are_the_mean_of_the_class_maps(network):
    images = torch.randn(2, 3, 40, 56)
    with torch.no_grad():
        maps = network.class_maps(images)
        assert maps.shape == (2, 4, 3, 4)
        torch.testing.assert_close(network(images), maps.mean(dim=(2, 3)))


def test_cam_is_the_rectified_class_map(network):
    image = torch.randn(1, 3, 40, 56)
    with torch.no_grad():
        torch.testing.assert_close(network.cam(image), functional.relu(network.class_maps(image)))


def test_head_starts_with_torchs_default_and_has_neither_bias_nor_dropout(network):
    bound = 512**-0.5
    assert network.classifier.weight.abs().max() <= bound
    assert network.classifier.weight.std() > 0.9 * bound / 3**0.5
    assert network.classifier.bias is None
    assert not any(isinstance(module, torch.nn.Dropout2d) for module in network.modules())


def trained_names(network: torch.nn.Module) -> set[str]:
    return {name for name, parameter in network.named_parameters() if parameter.grad is not None}


def test_frozen_network_learns_in_layer3_layer4_and_head_with_their_batch_norms():
    torch.manual_seed(0)
    network = build_classifier("resnet18", 2, "irn")
    network.freeze()
    network.train()
    before = {name: value.clone() for name, value in network.named_buffers()}
    network(torch.randn(2, 3, 48, 48)).square().sum().backward()
    expected = {name for name, _ in network.named_parameters() if "layer3" in name or "layer4" in name}
    assert trained_names(network) == expected | {"classifier.weight"}
    assert "backbone.layer3.0.bn1.bias" in trained_names(network)
    assert all(torch.equal(value, before[name]) for name, value in network.named_buffers())


def test_random_start_trains_everything():
    torch.manual_seed(0)
    network = build_classifier("resnet18", 2, "irn").train()
    network(torch.randn(2, 3, 48, 48)).square().sum().backward()
    assert trained_names(network) == {name for name, _ in network.named_parameters()}


def test_all_of_the_backbone_learns_at_one_rate(network):
    slow, fast = network.parameter_groups()
    assert fast == ["classifier.weight"]
    assert "backbone.layer4.1.bn2.bias" in slow
    assert len(slow) + 1 == len(list(network.parameters()))


def test_another_backbone_is_refused_with_the_ones_that_fit():
    with pytest.raises(ValueError, match="needs a ResNet backbone, found SmallNet; take resnet18"):
        build_classifier("small", 2, "irn")


def test_a_classifier_without_classes_is_refused():
    with pytest.raises(ValueError, match="at least 1 class, found 0"):
        build_classifier("resnet18", 0, "irn")
