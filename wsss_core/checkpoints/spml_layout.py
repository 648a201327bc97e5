"""Checkpoints of SPML (Ke et al., ICLR 2021) and of the ImageNet ResNet that it starts from.

A file of SPML holds two state dicts, of the embedding network and of the classifier; read together they are ours.
"""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import IMAGENET_RGB

BACKBONE = "resnet_backbone."
STEM = "resnet_backbone.conv1."
FIXED_KERNEL = "lfn.smooth_kernel.weight"
"""Of DensePose: the blur of the colour features, which never learns and follows from its formula."""
IMAGENET_HEAD = "fc."
_STAGE = re.compile(r"res([2-5])\.")
_OWN_STAGE = re.compile(r"layer([1-4])\.")


def to_own_name(published: str) -> str:
    """`resnet_backbone.conv1.bn1.weight` -> `backbone.bn1.weight`, `resnet_backbone.res2.0.conv1.weight` ->
    `backbone.layer1.0.conv1.weight`; heads keep their names."""
    if published.startswith(STEM):
        return f"backbone.{published.removeprefix(STEM)}"
    if published.startswith(BACKBONE):
        inner = published.removeprefix(BACKBONE)
        return "backbone." + _STAGE.sub(lambda found: f"layer{int(found[1]) - 1}.", inner, count=1)
    return published


def to_published_name(own: str) -> str:
    """The published name of one of our entries; the inverse of `to_own_name`."""
    if not own.startswith("backbone."):
        return own
    inner = own.removeprefix("backbone.")
    if _OWN_STAGE.match(inner):
        return BACKBONE + _OWN_STAGE.sub(lambda found: f"res{int(found[1]) + 1}.", inner, count=1)
    return STEM + inner


def _is_spml(state: State) -> bool:
    return any(name.startswith(BACKBONE) for name in state)


def _translate_spml(state: State) -> State:
    return {to_own_name(name): value for name, value in state.items() if name != FIXED_KERNEL}


def _is_deep_resnet(state: State) -> bool:
    return "conv1.0.weight" in state and "layer1.0.conv1.weight" in state


def _translate_deep_resnet(state: State) -> State:
    return {f"backbone.{name}": value for name, value in state.items() if not name.startswith(IMAGENET_HEAD)}


SPML_LAYOUT = Layout("SPML", _is_spml, _translate_spml, normalisation=IMAGENET_RGB)
DEEP_RESNET = Layout("deep-stem ResNet", _is_deep_resnet, _translate_deep_resnet, normalisation=IMAGENET_RGB)
