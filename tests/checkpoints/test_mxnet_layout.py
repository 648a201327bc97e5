"""MXNet's names of ResNet38 become ours, one by one as recorded."""

import json
from pathlib import Path

import torch

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.mxnet_layout import MXNET_RESNET38, to_own_name
from wsss_core.networks.factory import build_backbone

RECORDED = json.loads(
    (Path(__file__).parents[1] / "golden" / "data" / "psa" / "resnet38.mxnet_names.json").read_text(encoding="utf-8")
)


def imagenet_state() -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape, device="meta") for name, shape in RECORDED["shapes"].items()}


def test_every_recorded_name_has_the_recorded_place():
    kept = {name: place for name, place in RECORDED["mapping"].items() if place is not None}
    assert len(kept) > 180
    assert {name: to_own_name(name) for name in kept} == {name: f"backbone.{place}" for name, place in kept.items()}


def test_the_imagenet_file_fits_the_backbone_exactly():
    assert MXNET_RESNET38.recognises(imagenet_state())
    found = shapes_of(MXNET_RESNET38.translate(imagenet_state()))
    assert not any("linear1000" in name for name in found)
    with torch.device("meta"):
        backbone = build_backbone("resnet38")
    expected = {f"backbone.{name}": shape for name, shape in shapes_of(backbone.state_dict()).items()}
    assert not compare(expected, found)


def test_names_of_no_known_form_stay_visible_as_unexpected():
    state = {**imagenet_state(), "arg:extra": torch.zeros(1), "arg:res2a_branch2a_power": torch.zeros(1)}
    translated = MXNET_RESNET38.translate(state)
    assert {"backbone.arg:extra", "backbone.arg:res2a_branch2a_power"} <= set(translated)


def test_other_namings_are_not_taken_for_it():
    assert not MXNET_RESNET38.recognises({"conv1a.weight": torch.zeros(1), "arg:conv0_weight": torch.zeros(1)})
