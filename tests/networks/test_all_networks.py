"""The same demands on every network: shapes at odd sizes, gradients, freezing, saving, groups."""

import math

import pytest
import torch

from wsss_core.networks.affinity_net import FEATURE_WIDTH
from wsss_core.networks.factory import build_affinity_net, build_classifier, build_segmenter
from wsss_core.networks.names import NETWORKS
from wsss_core.networks.network import Network
from wsss_core.networks.resnet101_caffe import ResNet101Caffe

CLASSES = 3
ROLES = ("classifier", "affinity", "deeplab_v1", "deeplab_v2", "deeplab_v3plus")
# Every backbone as a classifier, every other role on one backbone of each family: the rest is the same code again.
CASES = [
    (role, name)
    for role in ROLES
    for name in NETWORKS
    if role == "classifier" or name in ("vgg16", "small", "resnet18")
]
CASES += [
    ("irn", "resnet18"),
    ("irn", "resnet50"),
    ("eps", "small"),
    ("eps", "vgg16"),
    ("affinity", "resnet38"),
    ("deeplab_v1", "resnet38"),
    ("deeplab_v3plus", "resnet50"),
    ("one_stage", "vgg16"),
]
ONE_STAGE = [(role, name) for role in ("ws_fcn", "one_stage", "one_stage_cam") for name in ("small", "resnet18")]
CASES += ONE_STAGE


def build(role: str, backbone: str) -> Network:
    torch.manual_seed(0)
    if role == "classifier":
        return build_classifier(backbone, CLASSES)
    if role in ("irn", "eps"):
        return build_classifier(backbone, CLASSES, role)
    if role == "affinity":
        return build_affinity_net(backbone)
    return build_segmenter(role, backbone, CLASSES)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request):
    role, backbone = request.param
    return role, build(role, backbone)


def expected_shape(role: str, network: Network, batch: int, height: int, width: int) -> tuple[int, ...]:
    grid = (math.ceil(height / network.stride), math.ceil(width / network.stride))
    channels = FEATURE_WIDTH if role == "affinity" else CLASSES
    return (batch, channels) if role in ("classifier", "irn", "eps") else (batch, channels, *grid)


class TestEveryNetwork:
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (16, 24), (33, 47)])
    def test_output_has_one_cell_per_started_stride_at_any_size(self, case, height, width):
        role, network = case
        network.eval()
        with torch.no_grad():
            output = network(torch.randn(2, 3, height, width))
        assert tuple(output.shape) == expected_shape(role, network, 2, height, width)
        assert torch.isfinite(output).all()

    def test_features_have_the_declared_widths_and_strides(self, case):
        _, network = case
        if isinstance(network.backbone, ResNet101Caffe):
            return  # its pool rounds up: see test_resnet101_caffe
        backbone = network.backbone.eval()
        with torch.no_grad():
            features = backbone(torch.randn(1, 3, 33, 47))
        declared = {
            name: (1, backbone.channels[name], math.ceil(33 / stride), math.ceil(47 / stride))
            for name, stride in backbone.strides.items()
        }
        assert {name: tuple(feature.shape) for name, feature in features.items()} == declared
        assert {backbone.top, backbone.low, *backbone.affinity_taps, *backbone.edge_taps} <= set(features)

    def test_boundary_features_are_two_of_stride_4_one_of_8_and_coarser_ones(self, case):
        backbone = case[1].backbone
        strides = [backbone.strides[tap] for tap in backbone.edge_taps]
        assert strides[:3] == [4, 4, 8]
        assert set(strides[3:]) <= {8, 16}

    def test_a_batch_gives_what_its_images_give_alone(self, case):
        _, network = case
        network.eval()
        images = torch.randn(2, 3, 16, 24)
        with torch.no_grad():
            torch.testing.assert_close(network(images)[1:], network(images[1:]), rtol=1e-3, atol=1e-4)

    def test_every_parameter_is_in_one_group_before_freezing(self, case):
        _, network = case
        grouped = [name for group in network.parameter_groups() for name in group]
        assert sorted(grouped) == sorted(name for name, _ in network.named_parameters())
        if case[0] == "irn":
            return  # has two groups, in which biases are treated as weights
        old_weights, old_biases, new_weights, new_biases = network.parameter_groups()
        assert not any(name.endswith(".bias") for name in old_weights + new_weights)
        assert all(name.endswith(".bias") for name in old_biases + new_biases)
        assert not any(name.startswith("backbone.") for name in new_weights + new_biases)


FAMILIES = [(role, name) for role in ROLES for name in ("vgg16", "small", "resnet18")] + [
    ("irn", "resnet18"),
    ("eps", "small"),
    *ONE_STAGE,
]


class TestEveryFamily:
    """What changes a network, on a fresh one of each family."""

    @pytest.mark.parametrize(("role", "backbone"), FAMILIES)
    def test_loss_reaches_every_parameter(self, role, backbone):
        network = build(role, backbone).train()
        for module in network.modules():
            if isinstance(module, torch.nn.Dropout2d):
                module.eval()  # a dropped channel would rightly have no gradient
        network(torch.randn(2, 3, 33, 47)).square().mean().backward()
        without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
        assert without == []

    @pytest.mark.parametrize(("role", "backbone"), FAMILIES)
    def test_state_dict_round_trip_gives_equal_outputs(self, role, backbone, tmp_path):
        network = build(role, backbone).eval()
        torch.save(network.state_dict(), tmp_path / "state.pth")
        other = build(role, backbone)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(1)
        other.load_state_dict(torch.load(tmp_path / "state.pth", weights_only=True))
        images = torch.randn(1, 3, 16, 16)
        with torch.no_grad():
            torch.testing.assert_close(other.eval()(images), network(images), rtol=0, atol=0)

    @pytest.mark.parametrize(("role", "backbone"), FAMILIES)
    def test_a_training_step_after_freezing_leaves_frozen_tensors_and_statistics(self, role, backbone):
        network = build(role, backbone)
        network.freeze()
        network.train()
        frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
        before = {name: value.clone() for name, value in network.state_dict().items()}
        network(torch.randn(2, 3, 33, 47)).square().mean().backward()
        optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
        optimiser.step()
        changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
        assert not changed & frozen
        assert any(not name.startswith("backbone.") for name in changed)
        if network.backbone.batch_norm_fixed:
            assert not any(name.startswith("backbone.") and "running" in name for name in changed)

    def test_pretrained_start_of_the_small_network_freezes_nothing(self):
        network = build("classifier", "small")
        network.freeze()
        assert all(parameter.requires_grad for parameter in network.parameters())
        assert all(module.training for module in network.train().modules())
