"""Caffe's ResNet-101 becomes DeepLab v2's: every tensor has its place, batch norms lose the weight of their sums."""

import re
from pathlib import Path

import pytest
import torch

from wsss_core.checkpoints.caffe_resnet import CAFFE_RESNET101
from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.pretrained import detect_layout
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import CAFFE_BGR

BRANCHES = {"shortcut": "1", "reduce": "2a", "conv3x3": "2b", "increase": "2c"}
BLOBS = {"weight": 0, "bias": 1, "running_mean": 0, "running_var": 1}
LONG_STAGES = ("3", "4")
"""Stages whose blocks are called a, b1, b2, ...; the short ones a, b, c."""


def caffe_layer(unit: str) -> str:
    """`layer4.block23.reduce` -> `4b22_branch2a`."""
    stage, block, branch = re.fullmatch(r"layer(\d)\.block(\d+)\.(\w+)", unit).groups()
    number = int(block) - 1
    named = f"b{number}" if number and stage in LONG_STAGES else "abc"[number]
    return f"{stage}{named}_branch{BRANCHES[branch]}"


def caffe_name(own: str) -> str:
    """The blob of one of our tensors: `backbone.layer2.block1.reduce.bn.weight` -> `scale2a_branch2a.blobs.0`."""
    head = re.fullmatch(r"aspp\.(c\d)\.(\w+)", own)
    if head:
        return f"fc1_voc12_{head[1]}.blobs.{BLOBS[head[2]]}"
    unit, kind, leaf = own.removeprefix("backbone.").rsplit(".", 2)
    prefix = "res" if kind == "conv" else "bn" if leaf.startswith("running") else "scale"
    if unit == "layer1.conv1":
        return {"res": "conv1", "bn": "bn_conv1", "scale": "scale_conv1"}[prefix] + f".blobs.{BLOBS[leaf]}"
    return f"{prefix}{caffe_layer(unit)}.blobs.{BLOBS[leaf]}"


@pytest.fixture(scope="module")
def expected():
    with torch.device("meta"):
        shapes = shapes_of(build_segmenter("deeplab_v2", "resnet101_caffe", 21).state_dict())
    return {name: shape for name, shape in shapes.items() if not name.endswith("num_batches_tracked")}


def state_of(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """A net whose numbers take no memory."""
    return {caffe_name(name): torch.ones(1).expand(shape) for name, shape in shapes.items()}


def test_a_trained_net_has_every_tensor_of_deeplab_v2(expected):
    state = state_of(expected)
    assert len(state) == len(expected)
    assert detect_layout(state, Path("train_iter_20000.caffemodel")) is CAFFE_RESNET101
    assert not compare(expected, shapes_of(CAFFE_RESNET101.translate(state)))
    assert CAFFE_RESNET101.normalisation == CAFFE_BGR


def test_initial_weights_give_the_backbone_and_leave_their_classifier_out(expected):
    backbone = {name: shape for name, shape in expected.items() if name.startswith("backbone.")}
    classifiers = {"fc1000.blobs.0": torch.ones(1000, 2048), "fc1_coco_c0.blobs.0": torch.ones(91, 2048, 3, 3)}
    translated = CAFFE_RESNET101.translate(state_of(backbone) | classifiers)
    assert shapes_of(translated) == backbone


def norm(weight: float) -> dict[str, torch.Tensor]:
    sums = {"bn_conv1.blobs.0": torch.tensor([6.0, 3.0]), "bn_conv1.blobs.1": torch.tensor([9.0, 12.0])}
    affine = {"scale_conv1.blobs.0": torch.tensor([2.0, 5.0]), "scale_conv1.blobs.1": torch.tensor([7.0, 8.0])}
    return sums | affine | {"bn_conv1.blobs.2": torch.tensor([weight])}


def test_mean_and_variance_are_sums_over_their_weight():
    found = {name.rpartition(".")[2]: value.tolist() for name, value in CAFFE_RESNET101.translate(norm(3.0)).items()}
    assert found == {"running_mean": [2, 1], "running_var": [3, 4], "weight": [2, 5], "bias": [7, 8]}


def test_sums_of_no_weight_stay_as_they_are():
    assert CAFFE_RESNET101.translate(norm(0.0))["backbone.layer1.conv1.bn.running_mean"].tolist() == [6, 3]


def test_vectors_of_four_sides_are_made_flat():
    old = {name: value.reshape(1, 1, 1, -1) for name, value in norm(3.0).items()}
    assert all(
        torch.equal(value, CAFFE_RESNET101.translate(norm(3.0))[name])
        for name, value in CAFFE_RESNET101.translate(old).items()
    )
