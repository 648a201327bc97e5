"""The affinity loss against the equations, written with numpy sums."""

import numpy as np
import pytest
import torch

from wsss_core.affinity.losses import affinity_loss

SHAPE = (2, 34, 5)


def random_case(seed: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    generator = np.random.default_rng(seed)
    kinds = generator.integers(0, 4, SHAPE)
    return torch.from_numpy(generator.uniform(0.01, 1, SHAPE)), [torch.from_numpy(kinds == kind) for kind in range(3)]


def test_loss_equals_the_equations() -> None:
    affinity, (background, foreground, negative) = random_case(0)
    loss = affinity_loss(affinity, background, foreground, negative)
    values = affinity.numpy()
    same, different = -np.log(values + 1e-5), -np.log(1 + 1e-5 - values)
    expected = [
        same[background.numpy()].sum() / (background.sum().item() + 1e-5),
        same[foreground.numpy()].sum() / (foreground.sum().item() + 1e-5),
        different[negative.numpy()].sum() / (negative.sum().item() + 1e-5),
    ]
    assert loss.background.item() == pytest.approx(expected[0])
    assert loss.foreground.item() == pytest.approx(expected[1])
    assert loss.negative.item() == pytest.approx(expected[2])
    assert loss.total.item() == pytest.approx(expected[0] / 4 + expected[1] / 4 + expected[2] / 2)


def test_a_kind_without_pairs_adds_nothing_and_stays_finite() -> None:
    none = torch.zeros(SHAPE, dtype=torch.bool)
    loss = affinity_loss(torch.ones(SHAPE), none, none, none)
    assert loss.total.item() == 0.0


def test_affinity_one_on_a_negative_pair_has_a_finite_gradient() -> None:
    affinity = torch.ones(SHAPE, requires_grad=True)
    none, every = torch.zeros(SHAPE, dtype=torch.bool), torch.ones(SHAPE, dtype=torch.bool)
    affinity_loss(affinity, none, none, every).total.backward()
    assert affinity.grad is not None
    assert bool(torch.isfinite(affinity.grad).all())
    assert float(affinity.grad.min()) > 0


def test_targets_of_another_shape_are_refused() -> None:
    affinity, (background, foreground, negative) = random_case(1)
    with pytest.raises(ValueError, match="in one shape"):
        affinity_loss(affinity[:1], background, foreground, negative)
