"""Caffe's ResNet-101 of DeepLab's authors: initial weights (`init.caffemodel`, MS-COCO; ImageNet) and trained networks.

The layers are named as by the authors of ResNet (`res4b22_branch2a`, `bn4b22_branch2a`, `scale4b22_branch2a`). A batch
norm is two layers: `bn*` with the sums of mean and variance and the weight of the sums, `scale*` with the affine part.
"""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import CAFFE_BGR

MARK = "res2a_branch1.blobs.0"
_LAYER = re.compile(r"(res|bn|scale)([2-5])(?:([a-c])|b(\d+))_branch(1|2a|2b|2c)")
"""A layer of a bottleneck: its kind, stage, block (a letter, or b and a number after the first), branch."""
_BRANCHES = {"1": "shortcut", "2a": "reduce", "2b": "conv3x3", "2c": "increase"}
_STEM = {"conv1": "res", "bn_conv1": "bn", "scale_conv1": "scale"}
_HEAD = re.compile(r"fc1_voc12_(c[0-3])")
"""The pyramid of a network trained on VOC 2012; heads of other data are left out, as for initial weights."""
_LEAVES = {
    ("res", "0"): "conv.weight",
    ("bn", "0"): "bn.running_mean",
    ("bn", "1"): "bn.running_var",
    ("scale", "0"): "bn.weight",
    ("scale", "1"): "bn.bias",
}
_HEAD_LEAVES = {"0": "weight", "1": "bias"}


def _recognises(state: State) -> bool:
    return MARK in state


def _translate(state: State) -> State:
    translated: State = {}
    for name, value in state.items():
        layer, _, index = name.partition(".blobs.")
        own = _own_name(layer, index)
        if own is None:
            continue
        if own.endswith(("running_mean", "running_var")):
            weight = float(state[f"{layer}.blobs.2"].flatten()[0]) if f"{layer}.blobs.2" in state else 1.0
            value = value / weight if weight else value  # a weight of 0: nothing was summed
        # The old form of a blob has always four sides.
        translated[own] = value if own.endswith("weight") and value.ndim == 4 and "bn." not in own else value.flatten()
    return translated


def _own_name(layer: str, index: str) -> str | None:
    """Our name of a blob; None for what has no place, such as a classifier or the weight of a batch norm's sums."""
    head = _HEAD.fullmatch(layer)
    if head is not None:
        return f"aspp.{head[1]}.{_HEAD_LEAVES[index]}"
    if layer in _STEM:
        leaf = _LEAVES.get((_STEM[layer], index))
        return leaf and f"backbone.layer1.conv1.{leaf}"
    found = _LAYER.fullmatch(layer)
    if found is None:
        return None
    kind, stage, letter, number, branch = found.groups()
    block = "abc".index(letter) + 1 if letter else int(number) + 1
    leaf = _LEAVES.get((kind, index))
    return leaf and f"backbone.layer{stage}.block{block}.{_BRANCHES[branch]}.{leaf}"


CAFFE_RESNET101 = Layout("Caffe ResNet-101", _recognises, _translate, normalisation=CAFFE_BGR)
