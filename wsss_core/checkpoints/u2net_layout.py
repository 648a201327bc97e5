"""Weights of U²-Net from its published state dicts and from ONNX files, as our network without BatchNorm has them."""

import re

import torch

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.reading import State
from wsss_core.networks.u2net import FULL, SMALL, U2Net

NETWORKS = {"u2net": FULL, "u2netp": SMALL}
"""Published name -> widths of the stages."""
BATCH_NORM_EPSILON = 1e-5
UNIT = re.compile(r"(?P<unit>stage\w+\.rebnconv\w+)\.conv_s1\.weight")


def build_fitting(state: State) -> U2Net:
    """The network whose weights a file holds, in evaluation mode; `state` as `read_state` gives it.

    Raises `ValueError` where neither network fits.
    """
    misfits = []
    for name, stages in NETWORKS.items():
        network = U2Net(stages).eval()
        own = network.state_dict()
        found = by_order(state, list(own)) if "conv.0.weight" in state else folded(state)
        misfit = compare(shapes_of(own), shapes_of(found))
        if not misfit:
            network.load_state_dict(found)
            return network
        misfits.append(f"{name}: {misfit.describe()}")
    raise ValueError(f"expected the weights of U²-Net, found those of another network ({'. '.join(misfits)})")


def by_order(state: State, names: list[str]) -> State:
    """The convolutions of an ONNX file (`onnx_model`) under our names, which are in the order of execution, too."""
    if len(state) != len(names):
        return state
    return dict(zip(names, state.values(), strict=True))


def folded(state: State) -> State:
    """A published state dict under our names, each BatchNorm folded into the convolution before it."""
    result = {name: value for name, value in state.items() if ".conv_s1." not in name and ".bn_s1." not in name}
    for name in state:
        found = UNIT.fullmatch(name)
        if found is not None:
            result.update(_folded_unit(state, found["unit"]))
    return result


def _folded_unit(state: State, unit: str) -> State:
    names = ("weight", "bias", "running_mean", "running_var")
    missing = [name for name in names if f"{unit}.bn_s1.{name}" not in state]
    if missing or f"{unit}.conv_s1.bias" not in state:
        return {}
    weight, bias, mean, variance = (state[f"{unit}.bn_s1.{name}"].double() for name in names)
    factor = weight / torch.sqrt(variance + BATCH_NORM_EPSILON)
    kernel = state[f"{unit}.conv_s1.weight"].double() * factor[:, None, None, None]
    shift = (state[f"{unit}.conv_s1.bias"].double() - mean) * factor + bias
    return {f"{unit}.weight": kernel.float(), f"{unit}.bias": shift.float()}
