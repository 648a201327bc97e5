"""Checkpoints of the PyTorch port of DeepLab v2 on its authors' ResNet-101: trained networks and initial weights.

Trained ones have the prefix `base.` (of the wrapper that looks at several scales) and the pyramid `aspp`; the files
converted from Caffe (`init.caffemodel`, trained on MS-COCO; ImageNet) have no prefix and an image classifier `fc`.
"""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import CAFFE_BGR

WRAPPER = "base."
HEAD = "aspp."
MARK = "layer1.conv1.conv.weight"
IMAGE_CLASSIFIER = "fc."
_STEM = {"backbone.conv1": "layer1.conv1.conv", "backbone.bn1": "layer1.conv1.bn"}
_UNITS = {"1": "reduce", "2": "conv3x3", "3": "increase"}
_LEAVES = {"conv": "conv", "bn": "bn", "downsample.0": "shortcut.conv", "downsample.1": "shortcut.bn"}
_IN_BLOCK = re.compile(r"backbone\.layer(\d)\.(\d+)\.(conv|bn|downsample\.[01])(\d?)\.(\w+)")
"""A tensor of torchvision's ResNet-101 under our names: stage, block, kind of layer, its number, leaf."""


def to_own_name(published: str) -> str:
    """Our name of a published entry: `base.layer1.conv1.conv.weight` -> `backbone.layer1.conv1.conv.weight`,
    `base.aspp.c0.weight` -> `aspp.c0.weight`."""
    name = published.removeprefix(WRAPPER)
    return name if name.startswith(HEAD) else f"backbone.{name}"


def to_published_name(own: str) -> str:
    """The name in a trained network's file; the inverse of `to_own_name`."""
    return f"{WRAPPER}{own.removeprefix('backbone.')}"


def _recognises(state: State) -> bool:
    return MARK in state or f"{WRAPPER}{MARK}" in state


def _translate(state: State) -> State:
    return {to_own_name(name): value for name, value in state.items() if not name.startswith(IMAGE_CLASSIFIER)}


DEEPLAB_RESNET101 = Layout("DeepLab ResNet-101", _recognises, _translate, normalisation=CAFFE_BGR)


def from_torchvision(state: State) -> State:
    """torchvision's ResNet-101, under our names, as the ResNet-101 of Caffe's form: ImageNet weights for a start.

    All shapes agree. The stride of three blocks moves from the 3x3 to the 1x1 before it, which training makes up for.
    """
    return {_from_torchvision(name): value for name, value in state.items()}


def _from_torchvision(name: str) -> str:
    stem, _, leaf = name.rpartition(".")
    if stem in _STEM:
        return f"backbone.{_STEM[stem]}.{leaf}"
    found = _IN_BLOCK.fullmatch(name)
    if found is None:
        return name
    stage, block, layer, number, leaf = found.groups()
    unit = f"{_UNITS[number]}.{_LEAVES[layer]}" if number in _UNITS else _LEAVES[layer]
    return f"backbone.layer{int(stage) + 1}.block{int(block) + 1}.{unit}.{leaf}"
