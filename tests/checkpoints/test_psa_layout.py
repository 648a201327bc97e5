"""The published PSA layouts load strictly into our networks."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.pretrained import detect_layout
from wsss_core.checkpoints.psa_layout import LARGEFOV_BY_ORDER, PSA_LAYOUT, to_own_name, to_published_name
from wsss_core.networks.factory import build_affinity_net, build_classifier, build_segmenter

DATA = Path(__file__).parents[1] / "networks" / "data"
GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "eps"


def published_state(name: str) -> dict[str, torch.Tensor]:
    layout = json.loads((DATA / f"{name}.layout.json").read_text(encoding="utf-8"))
    return {key: torch.empty(shape, device="meta") for key, shape in layout.items()}


@pytest.mark.parametrize("name", ["vgg16_cls", "vgg16_aff", "resnet38_cls", "resnet38_aff"])
def test_published_file_is_recognised_and_fits_exactly(name):
    backbone, role = name.split("_")
    with torch.device("meta"):
        network = build_classifier(backbone, 20) if role == "cls" else build_affinity_net(backbone)
    state = published_state(name)
    assert PSA_LAYOUT.recognises(state)
    assert not compare(shapes_of(network.state_dict()), shapes_of(PSA_LAYOUT.translate(state)))


def test_imagenet_heads_are_left_out():
    state = {"conv1_1.weight": torch.zeros(1), "linear1000.weight": torch.zeros(1), "linear1000.bias": torch.zeros(1)}
    assert list(PSA_LAYOUT.translate(state)) == ["backbone.conv1_1.weight"]


@pytest.mark.parametrize("head", ["fc8_voc12", "score"])
def test_the_published_largefov_is_deeplab_v1_on_vgg16(head):
    layout = json.loads((GOLDEN / "deeplab_largefov_vgg16_voc12.layout.json").read_text(encoding="utf-8"))
    state = {name.replace("fc8_voc12", head): torch.empty(shape, device="meta") for name, shape in layout.items()}
    with torch.device("meta"):
        network = build_segmenter("deeplab_v1", "vgg16", 21)
    assert not compare(shapes_of(network.state_dict()), shapes_of(PSA_LAYOUT.translate(state)))


def test_a_largefov_with_numbered_layers_is_loaded_by_order():
    layout = json.loads((GOLDEN / "deeplab_largefov_vgg16_voc12.layout.json").read_text(encoding="utf-8"))
    state = {}
    for place, (name, shape) in enumerate(layout.items()):
        layer, leaf = name.split(".")
        block, _, number = layer.removeprefix("conv").partition("_")
        numbered = f"block_{block}.conv{number}" if layer.startswith("conv") else f"conv{place // 2 - 7}"
        state[f"features.{numbered}.{leaf}"] = torch.empty(shape, device="meta")
    with torch.device("meta"):
        network = build_segmenter("deeplab_v1", "vgg16", 21)
    assert list(state)[-1] == "features.conv8.bias"
    assert detect_layout(state, Path("x.pth")) is LARGEFOV_BY_ORDER
    assert not compare(shapes_of(network.state_dict()), shapes_of(LARGEFOV_BY_ORDER.translate(state)))


@pytest.mark.parametrize(("name", "architecture", "classes"), [("eps_voc12", "eps", 20), ("cls_coco", None, 80)])
def test_published_classifiers_of_eps_fit_exactly_and_those_of_other_classes_do_not(name, architecture, classes):
    layout = json.loads((GOLDEN / f"resnet38_{name}.layout.json").read_text(encoding="utf-8"))
    state = PSA_LAYOUT.translate({entry: torch.empty(shape, device="meta") for entry, shape in layout.items()})
    with torch.device("meta"):
        network = build_classifier("resnet38", classes, architecture)
        other = build_classifier("resnet38", classes + 1, architecture)
    assert not compare(shapes_of(network.state_dict()), shapes_of(state))
    assert compare(shapes_of(other.state_dict()), shapes_of(state)).wrong_shape[0].startswith("fc8.weight")


@given(st.sampled_from(sorted({key for name in ("vgg16_aff", "resnet38_cls") for key in published_state(name)})))
def test_names_translate_there_and_back(name):
    assert to_published_name(to_own_name(name)) == name


def test_torchvision_names_are_not_taken_for_psa():
    assert not PSA_LAYOUT.recognises({"features.0.weight": torch.zeros(1)})
