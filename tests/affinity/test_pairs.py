"""Pairs and pair affinities against definitions written out cell by cell."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.pairs import from_grid_hw, pair_affinity, pair_indices, pair_offsets


def gathered_affinity(features_BDhw: torch.Tensor, radius: int) -> torch.Tensor:
    """The published way: gather both sides of every pair, then compare."""
    batch, depth, height, width = features_BDhw.shape
    source, partner = pair_indices((height, width), radius)
    flat = features_BDhw.reshape(batch, depth, -1)
    from_side = flat[:, :, torch.from_numpy(source)].unsqueeze(2)
    to_side = flat[:, :, torch.from_numpy(partner.reshape(-1))].reshape(batch, depth, *partner.shape)
    return torch.exp(-(from_side - to_side).abs().mean(dim=1))


def test_radius_five_has_the_34_published_offsets_in_order() -> None:
    offsets = pair_offsets(5)
    assert len(offsets) == 34
    assert offsets[:5] == [(0, 1), (0, 2), (0, 3), (0, 4), (1, -4)]
    assert offsets[-1] == (4, 2)
    assert (4, 3) not in offsets, "a distance of exactly 5 is outside"


@given(st.integers(1, 11))
def test_offsets_and_their_opposites_fill_the_open_disc_once(radius: int) -> None:
    both = [offset for dy, dx in pair_offsets(radius) for offset in ((dy, dx), (-dy, -dx))]
    reach = range(-radius, radius + 1)
    disc = {(dy, dx) for dy in reach for dx in reach if 0 < dy * dy + dx * dx < radius * radius}
    assert len(both) == len(set(both))
    assert set(both) == disc


@given(st.integers(0, 14), st.integers(0, 14), st.integers(1, 6))
def test_partners_lie_at_their_offset_inside_the_grid(height: int, width: int, radius: int) -> None:
    source, partner = pair_indices((height, width), radius)
    rows, columns = from_grid_hw((height, width), radius)
    assert source.shape == (rows * columns,)
    assert partner.shape == (len(pair_offsets(radius)), rows * columns)
    for (dy, dx), row in zip(pair_offsets(radius), partner, strict=True):
        np.testing.assert_array_equal(row // max(width, 1), source // max(width, 1) + dy)
        np.testing.assert_array_equal(row % max(width, 1), source % max(width, 1) + dx)


@pytest.mark.parametrize(("grid", "count"), [((5, 9), 1), ((4, 9), 0), ((5, 8), 0), ((12, 16), 64)])
def test_from_cells_leave_out_the_outer_columns_and_bottom_rows(grid: tuple[int, int], count: int) -> None:
    assert pair_indices(grid, 5)[0].size == count


def test_a_radius_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 cell, found 0"):
        pair_offsets(0)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 13), st.integers(1, 5), st.integers(1, 2))
def test_affinity_equals_the_gathered_form(height: int, width: int, radius: int, batch: int) -> None:
    features = torch.randn(batch, 6, height, width, generator=torch.Generator().manual_seed(height * 100 + width))
    torch.testing.assert_close(pair_affinity(features, radius), gathered_affinity(features, radius))


def test_gradient_equals_that_of_the_gathered_form() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 7, 8, 12, generator=generator)
    weight = torch.randn(2, 34, 16, generator=generator)
    gradients = []
    for function in (pair_affinity, gathered_affinity):
        leaf = features.clone().requires_grad_()
        (function(leaf, 5) * weight).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_gradient_passes_the_numerical_check() -> None:
    features = torch.randn(1, 3, 3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(lambda leaf: pair_affinity(leaf, 3), [features.requires_grad_()])


def test_equal_features_have_affinity_one_and_zero_gradient() -> None:
    features = torch.full((1, 4, 6, 10), 0.3, requires_grad=True)
    affinity = pair_affinity(features, 5)
    affinity.sum().backward()
    assert bool((affinity == 1).all())
    assert features.grad is not None
    assert float(features.grad.abs().max()) == 0.0


def test_features_without_a_batch_axis_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, D, h, w\)"):
        pair_affinity(torch.zeros(4, 6, 10), 5)
