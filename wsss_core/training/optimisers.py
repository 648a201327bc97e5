"""Optimisers with the four parameter groups of PSA (Ahn & Kwak, CVPR 2018, public code).

PSA's code hands its weight decay to SGD in the place of the momentum, so the published figures were reached with
momentum 5e-4; the settings of PSA's methods keep that value under its proper name, `momentum`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from wsss_core.settings.training import LoopSettings

OLD_BIAS_RATE = 2.0
BIAS_TO_WEIGHT_RATE = 2.0  # a new bias learns twice as fast as a new weight: 20 against 10
SECOND_BETA = 0.999  # Adam's default

ParameterNames = Sequence[Sequence[str]]


def group_rates(new_layer_rate: float) -> tuple[float, float, float, float]:
    """Factors on the learning rate of old weights, old biases, new weights, new biases."""
    return 1.0, OLD_BIAS_RATE, new_layer_rate, BIAS_TO_WEIGHT_RATE * new_layer_rate


def build_optimiser(network: nn.Module, groups: ParameterNames, settings: LoopSettings) -> torch.optim.Optimizer:
    """Optimiser over the named parameters.

    `groups`: names of old weights, old biases, new weights, new biases. Biases have no decay. Parameters in no group,
    or frozen ones, are never changed. Raises `ValueError` on anything but four groups, unknown or repeated names, or
    when nothing is left to learn.
    """
    parameters = dict(network.named_parameters())
    _check(groups, parameters)
    decays = (settings.weight_decay, 0.0, settings.weight_decay, 0.0)
    described = [
        {
            "params": [parameters[name] for name in names],
            "rate": rate,
            "weight_decay": decay,
            "lr": settings.learning_rate * rate,
        }
        for names, rate, decay in zip(groups, group_rates(settings.new_layer_rate), decays, strict=True)
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(described, lr=settings.learning_rate, momentum=settings.momentum)
    make = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    return make(described, lr=settings.learning_rate, betas=(settings.momentum, SECOND_BETA))


def set_learning_rate(optimiser: torch.optim.Optimizer, base_rate: float) -> None:
    """Give every group its factor times `base_rate`."""
    for group in optimiser.param_groups:
        group["lr"] = base_rate * group["rate"]


def _check(groups: ParameterNames, parameters: dict[str, nn.Parameter]) -> None:
    if len(groups) != 4:
        raise ValueError(
            f"expected 4 parameter groups (old weights, old biases, new weights, new biases), found {len(groups)}"
        )
    names = [name for group in groups for name in group]
    unknown = [name for name in names if name not in parameters]
    if unknown:
        raise ValueError(f"parameter {unknown[0]!r} is in a group but not in the network")
    if len(set(names)) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"parameter {repeated!r} is in two groups")
    if not any(parameters[name].requires_grad for name in names):
        raise ValueError("every parameter is frozen: nothing is left to learn")
