"""The losses of IRNet against the equations, written with gathered pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.irnet_losses import displacement_losses, irnet_loss
from wsss_core.affinity.pair_targets import PairTargets, pair_targets
from wsss_core.affinity.paths import path_affinity, path_offsets, path_pair_indices

RADIUS = 4
GRID = (8, 11)
EPSILON = 1e-5


def random_labels(seed: int, batch: int = 2) -> torch.Tensor:
    choices = np.array([0, 1, 2, 255], np.uint8)
    return torch.from_numpy(np.random.default_rng(seed).choice(choices, (batch, *GRID), p=[0.4, 0.4, 0.1, 0.1]))


def random_displacement(seed: int, batch: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 3, (batch, 2, *GRID)))


def targets_of(label_Bhw: torch.Tensor) -> PairTargets[torch.Tensor]:
    return pair_targets(label_Bhw, RADIUS, path_offsets(RADIUS))


def gathered_losses(displacement: torch.Tensor, targets: PairTargets[torch.Tensor]) -> list[torch.Tensor]:
    """The definition: all pairs gathered, ordinary autograd."""
    source, partner = (torch.from_numpy(index) for index in path_pair_indices(GRID, RADIUS))
    flat = displacement.flatten(2)
    difference = flat[:, :, None, source] - flat[:, :, partner]
    offsets = torch.tensor(path_offsets(RADIUS)).T[None, :, :, None]
    losses = []
    for residual, mask in ((difference - offsets, targets.foreground), (difference, targets.background)):
        losses.append((residual.abs() * mask[:, None]).sum() / (2 * mask.sum() + EPSILON))
    return losses


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_displacement_losses_and_their_gradients_equal_the_definition(seed: int) -> None:
    targets, results = targets_of(random_labels(seed)), []
    for losses in (displacement_losses, gathered_losses):
        displacement = random_displacement(seed).requires_grad_()
        extra = (RADIUS,) if losses is displacement_losses else ()
        foreground, background = losses(displacement, targets, *extra)
        (foreground + 3 * background).backward()
        results.append((foreground.item(), background.item(), displacement.grad))
    assert results[0][:2] == pytest.approx(results[1][:2], rel=1e-6)
    torch.testing.assert_close(results[0][2], results[1][2], rtol=1e-6, atol=1e-9)


def test_displacements_that_point_to_one_centre_cost_nothing_on_the_foreground() -> None:
    cells = torch.stack(torch.meshgrid(torch.arange(GRID[0]), torch.arange(GRID[1]), indexing="ij")).double()
    to_centre = torch.tensor([3.0, 6.0])[:, None, None] - cells
    everywhere = targets_of(torch.ones(1, *GRID, dtype=torch.uint8))
    foreground, background = displacement_losses(to_centre[None], everywhere, RADIUS)
    assert foreground.item() == pytest.approx(0, abs=1e-9)
    assert background.item() == 0
    away, _ = displacement_losses(-to_centre[None], everywhere, RADIUS)
    assert away.item() > 1


def test_equal_displacements_cost_nothing_on_the_background() -> None:
    nowhere = targets_of(torch.zeros(1, *GRID, dtype=torch.uint8))
    foreground, background = displacement_losses(torch.full((1, 2, *GRID), 7.5), nowhere, RADIUS)
    assert (foreground.item(), background.item()) == (0, 0)


def test_the_total_is_half_of_affinities_and_half_of_displacements() -> None:
    targets = targets_of(random_labels(3))
    edge = torch.from_numpy(np.random.default_rng(3).uniform(0, 1, (2, *GRID)))
    affinity, displacement = path_affinity(edge, RADIUS), random_displacement(3)
    loss = irnet_loss(affinity, displacement, targets, RADIUS)
    same, different = -torch.log(affinity + EPSILON), -torch.log(1 + EPSILON - affinity)
    background, foreground, negative = (
        float(values[mask].sum() / (mask.sum() + EPSILON))
        for values, mask in zip((same, same, different), targets, strict=True)
    )
    residual_foreground, residual_background = (float(part) for part in gathered_losses(displacement, targets))
    assert float(loss.positive) == pytest.approx(background / 2 + foreground / 2)
    assert float(loss.negative) == pytest.approx(negative)
    assert float(loss.displacement_foreground) == pytest.approx(residual_foreground)
    assert float(loss.displacement_background) == pytest.approx(residual_background)
    whole = (background / 2 + foreground / 2 + negative) / 2 + (residual_foreground + residual_background) / 2
    assert float(loss.total) == pytest.approx(whole)


def test_sums_run_over_the_batch_not_over_the_images() -> None:
    labels = random_labels(5)
    labels[1, 1:] = 255
    displacement = random_displacement(5)
    together, _ = displacement_losses(displacement, targets_of(labels), RADIUS)
    alone = [
        displacement_losses(displacement[one : one + 1], targets_of(labels[one : one + 1]), RADIUS)[0] for one in (0, 1)
    ]
    counts = [int(targets_of(labels[one : one + 1]).foreground.sum()) for one in (0, 1)]
    assert counts[0] > 3 * counts[1]
    weighted = sum(float(loss) * count for loss, count in zip(alone, counts, strict=True)) / sum(counts)
    assert float(together) == pytest.approx(weighted, rel=1e-4)


def test_a_grid_without_pairs_has_no_loss() -> None:
    targets = pair_targets(torch.zeros(1, 3, 3, dtype=torch.uint8), RADIUS, path_offsets(RADIUS))
    displacement = torch.ones(1, 2, 3, 3, requires_grad=True)
    loss = irnet_loss(path_affinity(torch.zeros(1, 3, 3), RADIUS), displacement, targets, RADIUS)
    loss.total.backward()
    assert loss.total.item() == 0
    assert displacement.grad is not None
    assert displacement.grad.abs().max() == 0


def test_targets_of_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"targets \(2, 22, 15\) \(B, P, n\), found \(2, 2, 6, 11\) and"):
        displacement_losses(random_displacement(0)[:, :, :6], targets_of(random_labels(0)), RADIUS)
    with pytest.raises(ValueError, match=r"expected displacements \(B, 2, h, w\)"):
        displacement_losses(random_displacement(0)[:, :1], targets_of(random_labels(0)), RADIUS)
