"""Optimisers with the parameter groups of the public codes of PSA (Ahn & Kwak, CVPR 2018) and IRN (CVPR 2019).

| groups | rate | decay |
|---|---|---|
| PSA: old weights, old biases, new weights, new biases | 1, 2, n, 2 n | weights only |
| IRN: slow layers, fast layers, biases among them | 1, n | all |

n is the setting `new_layer_rate`. Both codes hand their weight decay to SGD in the place of the momentum, so the
published figures were reached with momentum 5e-4 and 1e-4; the settings of their methods keep those values under the
proper name, `momentum`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from wsss_core.settings.training import LoopSettings
from wsss_core.training.caffe_sgd import CaffeSGD

OLD_BIAS_RATE = 2.0
BIAS_TO_WEIGHT_RATE = 2.0  # a new bias learns twice as fast as a new weight: 20 against 10
SECOND_BETA = 0.999  # Adam's default

ParameterNames = Sequence[Sequence[str]]


class GroupRule(NamedTuple):
    """`rate`: factor on the learning rate; `decays`: whether the weight decay applies."""

    rate: float
    decays: bool


def group_rules(count: int, new_layer_rate: float) -> tuple[GroupRule, ...]:
    """The rules of four groups (PSA) or of two (IRN); see the head of this file. Another count is a `ValueError`."""
    if count == 4:
        old = (GroupRule(1.0, True), GroupRule(OLD_BIAS_RATE, False))
        return (*old, GroupRule(new_layer_rate, True), GroupRule(BIAS_TO_WEIGHT_RATE * new_layer_rate, False))
    if count == 2:
        return GroupRule(1.0, True), GroupRule(new_layer_rate, True)
    raise ValueError(
        "expected 4 parameter groups (old weights, old biases, new weights, new biases) or 2 (slow layers, fast "
        f"layers), found {count}"
    )


def build_optimiser(
    network: nn.Module, groups: ParameterNames, settings: LoopSettings, rules: Sequence[GroupRule] | None = None
) -> torch.optim.Optimizer:
    """Optimiser over the named parameters.

    `groups`: names by group; `rules`: one for each, by default those of four or two groups as in the head of this file.
    Parameters in no group, or frozen ones, are never changed. Raises `ValueError` on another number of groups, unknown
    or repeated names, or when nothing is left to learn.
    """
    parameters = dict(network.named_parameters())
    rules = rules or group_rules(len(groups), settings.new_layer_rate)
    _check(groups, parameters)
    described = [
        {
            "params": [parameters[name] for name in names],
            "rate": rule.rate,
            "weight_decay": settings.weight_decay if rule.decays else 0.0,
            "lr": settings.learning_rate * rule.rate,
        }
        for names, rule in zip(groups, rules, strict=True)
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(described, lr=settings.learning_rate, momentum=settings.momentum)
    if settings.optimiser == "caffe_sgd":
        return CaffeSGD(described, lr=settings.learning_rate, momentum=settings.momentum)
    make = torch.optim.Adam if settings.optimiser == "adam" else torch.optim.AdamW
    return make(described, lr=settings.learning_rate, betas=(settings.momentum, SECOND_BETA))


def set_learning_rate(optimiser: torch.optim.Optimizer, base_rate: float) -> None:
    """Give every group its factor times `base_rate`."""
    for group in optimiser.param_groups:
        group["lr"] = base_rate * group["rate"]


def _check(groups: ParameterNames, parameters: dict[str, nn.Parameter]) -> None:
    names = [name for group in groups for name in group]
    unknown = [name for name in names if name not in parameters]
    if unknown:
        raise ValueError(f"parameter {unknown[0]!r} is in a group but not in the network")
    if len(set(names)) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"parameter {repeated!r} is in two groups")
    if not any(parameters[name].requires_grad for name in names):
        raise ValueError("every parameter is frozen: nothing is left to learn")
