"""Optimiser groups and learning rates, against the recorded original and by their laws."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from wsss_core.settings.training import LoopSettings
from wsss_core.training.optimisers import GroupRule, build_optimiser, group_rules, set_learning_rate
from wsss_core.training.schedules import learning_rate, poly_factor, warmup_factor

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden" / "psa" / "poly_optimizer.npz"


class FourVectors(nn.Module):
    """One parameter per group."""

    def __init__(self, start_4N: np.ndarray) -> None:
        super().__init__()
        for number, values in enumerate(start_4N):
            self.register_parameter(f"p{number}", nn.Parameter(torch.from_numpy(values.copy())))


NAMES = (["p0"], ["p1"], ["p2"], ["p3"])


def settings(**changes: object) -> LoopSettings:
    return LoopSettings.parse({"epochs": 1, "momentum": 5e-4, **changes}, "test")


@pytest.mark.skipif(not GOLDEN.is_file(), reason="no recorded optimiser beside the project")
def test_eight_steps_equal_the_recorded_original():
    with np.load(GOLDEN) as recorded:
        start, grads, params, lrs = (recorded[name] for name in ("start", "grads", "params", "lrs"))
    network, chosen = FourVectors(start), settings()
    optimiser = build_optimiser(network, NAMES, chosen)
    for step in range(len(grads)):
        set_learning_rate(optimiser, learning_rate(step, 6, chosen))
        assert [group["lr"] for group in optimiser.param_groups] == pytest.approx(lrs[step].tolist())
        for parameter, gradient in zip(network.parameters(), grads[step], strict=True):
            parameter.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
        found = np.stack([parameter.detach().numpy() for parameter in network.parameters()])
        assert np.abs(found - params[step]).max() <= 1e-5


def one_step(groups: tuple[list[str], ...] = NAMES, **changes: object) -> list[float]:
    network, chosen = FourVectors(np.ones((4, 1), np.float32)), settings(learning_rate=0.01, **changes)
    optimiser = build_optimiser(network, groups, chosen)
    set_learning_rate(optimiser, 0.01)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    return [1 - parameter.item() for parameter in network.parameters()]


def test_groups_move_at_1_2_10_and_20_times_the_rate_and_biases_do_not_decay():
    assert one_step(weight_decay=0) == pytest.approx([0.01, 0.02, 0.1, 0.2], rel=1e-4)
    assert one_step(weight_decay=0.5) == pytest.approx([0.015, 0.02, 0.15, 0.2], rel=1e-4)
    assert one_step(weight_decay=0, new_layer_rate=1) == pytest.approx([0.01, 0.02, 0.01, 0.02], rel=1e-4)


def test_two_groups_move_at_1_and_10_times_the_rate_and_all_of_them_decays():
    groups = (["p0", "p1"], ["p2", "p3"])
    assert one_step(groups, weight_decay=0) == pytest.approx([0.01, 0.01, 0.1, 0.1], rel=1e-4)
    assert one_step(groups, weight_decay=0.5) == pytest.approx([0.015, 0.015, 0.15, 0.15], rel=1e-4)


def test_adam_takes_the_rates_of_the_groups_and_adamw_decays_apart_from_the_gradient():
    assert one_step(optimiser="adam", weight_decay=0) == pytest.approx([0.01, 0.02, 0.1, 0.2], rel=1e-3)
    moved = one_step(optimiser="adamw", weight_decay=0.5)
    assert moved == pytest.approx([0.015, 0.02, 0.15, 0.2], rel=1e-2)


def test_an_empty_group_and_a_frozen_parameter_do_no_harm():
    network = FourVectors(np.ones((4, 1), np.float32))
    network.get_parameter("p0").requires_grad_(False)
    optimiser = build_optimiser(network, (["p0"], [], ["p2", "p3"], []), settings())
    network.get_parameter("p2").grad = torch.ones(1)
    optimiser.step()
    assert network.get_parameter("p0").item() == 1
    assert network.get_parameter("p1").item() == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((["p0"], ["p1"], ["p2"]), "expected 4 parameter groups .* or 2 .* found 3"),
        ((["p0"], ["p9"], [], []), "'p9' is in a group but not in the network"),
        ((["p0"], ["p0"], [], []), "'p0' is in two groups"),
        (([], [], [], []), "nothing is left to learn"),
    ],
)
def test_wrong_groups_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        build_optimiser(FourVectors(np.ones((4, 1), np.float32)), names, settings())


def test_group_rules_are_the_published_ones():
    assert group_rules(4, 10.0) == ((1, True), (2, False), (10, True), (20, False))
    assert group_rules(2, 10.0) == ((1, True), (10, True))


@given(st.integers(1, 200), st.floats(0, 3))
def test_the_poly_factor_falls_from_one_and_stays_at_its_last_value(total, power):
    factors = [poly_factor(step, total, power) for step in range(total + 3)]
    assert factors[0] == 1
    assert all(later <= earlier for earlier, later in itertools.pairwise(factors))
    assert factors[total - 1] == factors[total] == factors[total + 2]
    assert factors[-1] > 0


def test_warm_up_grows_to_the_schedule_and_then_leaves_it():
    assert [warmup_factor(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warmup_factor(0, 0) == 1
    chosen = settings(warmup_steps=2, learning_rate=1.0, schedule="constant")
    assert [learning_rate(step, 4, chosen) for step in range(4)] == [0.5, 1, 1, 1]


def test_a_task_may_give_its_own_rule_for_each_group():
    network = FourVectors(np.ones((4, 1), np.float32))
    rules = (GroupRule(0.1, True), GroupRule(0.1, False), GroupRule(1.0, True))
    optimiser = build_optimiser(network, (["p0"], ["p1"], ["p2", "p3"]), settings(weight_decay=0.5), rules)
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.5, 0.0, 0.5]
    set_learning_rate(optimiser, 2.0)
    assert [group["lr"] for group in optimiser.param_groups] == [0.2, 0.2, 2.0]
