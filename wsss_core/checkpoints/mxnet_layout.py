"""The ImageNet checkpoint of ResNet38 in MXNet's names (model A1 of ademxapp, Wu et al. 2016), where PSA starts."""

import re

from wsss_core.checkpoints.layout import Layout
from wsss_core.checkpoints.reading import State
from wsss_core.networks.normalisation import IMAGENET_RGB

LEAVES = {
    "weight": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_var": "running_var",
}
PREFIXES = {"res": "conv", "bn": "bn"}
MARK = "arg:res2a_branch2a_weight"
IMAGENET_HEAD = "linear1000"
NAME = re.compile(rf"(?:arg|aux):(?P<layer>\w+?)_(?P<leaf>{'|'.join(LEAVES)})")
LAYER_IN_BLOCK = re.compile(r"(?P<kind>res|bn)(?P<level>\d+)(?:a|b(?P<number>\d+))_(?P<branch>\w+)")
"""The first block of level 4 is 4a, here b4; the next are 4b1, 4b2, here b4_1, b4_2."""


def to_own_name(published: str) -> str:
    """Our name of a published entry: `arg:bn4b2_branch2b1_gamma` -> `backbone.b4_2.bn_branch2b1.weight`; an entry of no
    known form stays as it is, below `backbone.`."""
    name = NAME.fullmatch(published)
    if name is None:
        return f"backbone.{published}"
    layer = name["layer"]
    if inside := LAYER_IN_BLOCK.fullmatch(layer):
        number = f"_{inside['number']}" if inside["number"] else ""
        layer = f"b{inside['level']}{number}.{PREFIXES[inside['kind']]}_{inside['branch']}"
    return f"backbone.{layer}.{LEAVES[name['leaf']]}"


def _recognises(state: State) -> bool:
    return MARK in state


def _translate(state: State) -> State:
    return {to_own_name(name): value for name, value in state.items() if IMAGENET_HEAD not in name}


MXNET_RESNET38 = Layout("MXNet ResNet38", _recognises, _translate, normalisation=IMAGENET_RGB)
