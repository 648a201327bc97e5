"""Checkpoints of PSA (Ahn & Kwak, CVPR 2018) and others with its flat names: VGG16 and ResNet38, with or without head.

Files converted from the ImageNet sources (Caffe's vgg16_20M, ademxapp's ResNet38) have the same names. The input rule
is that of the backbone (Caffe's BGR for VGG16, ImageNet's RGB for ResNet38).
"""

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State

HEAD_NAMES = ("fc8", "f8_3", "f8_4", "f8_5", "f9", "gn8_3", "gn8_4", "gn8_5")
IMAGENET_HEADS = ("linear1000", "fc8_voc12")
MARKS = ("conv1_1.weight", "b2.conv_branch2a.weight")


def to_own_name(published: str) -> str:
    """Our name of a published entry: `conv1_1.weight` -> `backbone.conv1_1.weight`, `fc8.weight` as it is."""
    return published if published.split(".")[0] in HEAD_NAMES else f"backbone.{published}"


def to_published_name(own: str) -> str:
    """The published name of one of our entries; the inverse of `to_own_name`."""
    return own.removeprefix("backbone.")


def _recognises(state: State) -> bool:
    return any(mark in state for mark in MARKS)


def _translate(state: State) -> State:
    return {
        to_own_name(name): value for name, value in state.items() if not name.split(".")[0].startswith(IMAGENET_HEADS)
    }


PSA_LAYOUT = Layout("PSA", _recognises, _translate, normalisation=None)
