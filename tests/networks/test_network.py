"""Parameter groups and freezing of the published PSA networks."""

import json
from pathlib import Path

import pytest
import torch

from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.network import Network

DATA = Path(__file__).parent / "data"
PUBLISHED = ("vgg16_cls", "vgg16_aff", "resnet38_cls", "resnet38_aff")
VOC_CLASSES = 20


def build(published: str) -> Network:
    """Without memory for the weights: only names and flags are looked at."""
    backbone, role = published.split("_")
    with torch.device("meta"):
        return build_classifier(backbone, VOC_CLASSES) if role == "cls" else build_affinity_net(backbone)


def strip(names) -> list[str]:
    return [name.removeprefix("backbone.") for name in names]


@pytest.fixture(params=PUBLISHED)
def published(request):
    groups = json.loads((DATA / f"{request.param}.param_groups.json").read_text(encoding="utf-8"))
    layout = json.loads((DATA / f"{request.param}.layout.json").read_text(encoding="utf-8"))
    return build(request.param), groups, layout


class TestPublishedNetworks:
    def test_state_dict_has_the_published_names_order_and_shapes(self, published):
        network, _, layout = published
        ours = {name: list(value.shape) for name, value in network.state_dict().items()}
        assert strip(ours) == list(layout)
        assert list(ours.values()) == list(layout.values())

    def test_groups_are_the_published_ones(self, published):
        network, groups, _ = published
        network.freeze()
        assert [strip(group) for group in network.parameter_groups()] == groups["groups"]

    def test_frozen_tensors_are_the_published_ones(self, published):
        network, groups, _ = published
        network.freeze()
        frozen = [name for name, parameter in network.named_parameters() if not parameter.requires_grad]
        assert strip(frozen) == groups["frozen_after_train"]

    def test_batch_norm_stays_in_evaluation_mode_where_published(self, published):
        network, groups, _ = published
        network.freeze()
        network.train()
        modes = {norm.training for _, norm in network.backbone.batch_norms()}
        assert modes == ({False} if groups["bn_in_eval_during_train"] else set())
        assert network.training
        assert network.backbone.training


def test_batch_norm_trains_and_is_grouped_until_freeze_is_called():
    network = build("resnet38_cls")
    network.train()
    assert {norm.training for _, norm in network.backbone.batch_norms()} == {True}
    assert "backbone.bn7.weight" in network.parameter_groups()[0]
    assert "backbone.bn7.bias" in network.parameter_groups()[1]
    network.freeze()
    assert "backbone.bn7.weight" not in network.parameter_groups()[0]


def test_network_reports_the_normalisation_of_its_backbone():
    network = build("vgg16_cls")
    assert network.normalisation is network.backbone.normalisation
    assert network.normalisation.bgr
