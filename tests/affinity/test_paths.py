"""Paths and path affinities against definitions written out pair by pair."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.pairs import pair_indices, pair_offsets
from wsss_core.affinity.paths import (
    TRAINING_RADIUS,
    WALK_RADIUS,
    pair_paths,
    path_affinity,
    path_cells,
    path_offsets,
    path_pair_indices,
)


def gathered_affinity(edge_Bhw: torch.Tensor, radius: int) -> torch.Tensor:
    """The published way: gather every path, then take the maximum over its cells, first of equals."""
    width = edge_Bhw.shape[2]
    source, _ = pair_indices((edge_Bhw.shape[1], width), radius)
    flat, from_n = edge_Bhw.flatten(1), torch.from_numpy(source)
    columns = []
    for path in pair_paths(radius):
        cells = torch.stack([from_n + y * width + x for y, x in path])
        columns.append(1 - flat[:, cells.flatten()].unflatten(1, cells.shape).max(dim=1).values)
    return torch.stack(columns, dim=1)


def boundary(batch: int, height: int, width: int, levels: int | None = None) -> torch.Tensor:
    values = torch.rand(batch, height, width, generator=torch.Generator().manual_seed(height * 100 + width))
    return values if levels is None else torch.round(values * levels) / levels


@pytest.mark.parametrize(("offset", "cells"), [
    ((0, 2), [(0, 2), (0, 1), (0, 0)]),
    ((1, -1), [(1, -1), (0, -1), (1, 0), (0, 0)]),
    ((2, 1), [(2, 1), (1, 1), (2, 0), (0, 1), (1, 0), (0, 0)]),
])  # fmt: skip
def test_a_path_starts_at_the_far_end_and_keeps_raster_order(
    offset: tuple[int, int], cells: list[tuple[int, int]]
) -> None:
    assert list(path_cells(offset)) == cells


@pytest.mark.parametrize(("radius", "count", "cells"), [(WALK_RADIUS, 34, 242), (TRAINING_RADIUS, 152, 2134)])
def test_the_published_radii_have_the_published_pairs(radius: int, count: int, cells: int) -> None:
    assert len(path_offsets(radius)) == count
    assert sum(map(len, pair_paths(radius))) == cells


@given(st.integers(1, 11))
def test_paths_are_ordered_by_length_and_keep_the_order_of_the_offsets_within(radius: int) -> None:
    place = {offset: number for number, offset in enumerate(pair_offsets(radius))}
    keys = [(len(path), place[path[0]]) for path in pair_paths(radius)]
    assert keys == sorted(keys)
    assert set(path_offsets(radius)) == set(place)


@given(st.integers(1, 9), st.integers(-9, 9))
def test_a_path_mirrors_with_its_offset_and_is_the_same_set_from_both_ends(dy: int, dx: int) -> None:
    cells = set(path_cells((dy, dx)))
    assert cells == {(y, -x) for y, x in path_cells((dy, -dx))}
    assert cells == {(dy - y, dx - x) for y, x in cells}
    assert {(0, 0), (dy, dx)} <= cells
    assert all(abs(dy * x - dx * y) < np.hypot(dy, dx) for y, x in cells)


@given(st.integers(0, 14), st.integers(0, 14), st.integers(1, 6))
def test_pairs_are_those_of_psa_in_another_order(height: int, width: int, radius: int) -> None:
    source, partner = path_pair_indices((height, width), radius)
    expected_source, expected_partner = pair_indices((height, width), radius)
    order = [pair_offsets(radius).index(offset) for offset in path_offsets(radius)]
    np.testing.assert_array_equal(source, expected_source)
    np.testing.assert_array_equal(partner, expected_partner[order])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 13), st.integers(2, 5), st.integers(1, 2))
def test_affinity_equals_the_gathered_form(height: int, width: int, radius: int, batch: int) -> None:
    edge = boundary(batch, height, width)
    assert torch.equal(path_affinity(edge, radius), gathered_affinity(edge, radius))


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 9), st.integers(1, 13), st.integers(2, 5), st.sampled_from([None, 2]))
def test_gradient_equals_that_of_the_gathered_form_also_where_cells_tie(
    height: int, width: int, radius: int, levels: int | None
) -> None:
    edge = boundary(2, height, width, levels).double()
    gradients = []
    for function in (path_affinity, gathered_affinity):
        leaf = edge.clone().requires_grad_()
        affinity = function(leaf, radius)
        weight = torch.randn(affinity.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        (affinity * weight).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_gradient_passes_the_numerical_check() -> None:
    edge = boundary(2, 4, 6).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda leaf: path_affinity(leaf, 3), [edge])


def test_a_wall_separates_what_lies_on_its_two_sides() -> None:
    edge = torch.zeros(1, 9, 13)
    edge[0, :, 6] = 0.75
    source, partner = path_pair_indices((9, 13), WALK_RADIUS)
    source_column, partner_column = source % 13, partner % 13
    crosses = torch.from_numpy((source_column - 6) * (partner_column - 6) <= 0)
    vertical = torch.from_numpy((source_column == partner_column) & (partner_column != 6))
    affinity = path_affinity(edge, WALK_RADIUS)[0]
    assert bool((affinity[crosses] == 0.25).all())
    assert bool((affinity[vertical] == 1).all())


@pytest.mark.parametrize("grid", [(4, 20), (20, 8), (1, 1)])
def test_a_grid_too_small_has_no_pairs(grid: tuple[int, int]) -> None:
    edge = torch.zeros(2, *grid, requires_grad=True)
    affinity = path_affinity(edge, WALK_RADIUS)
    assert affinity.shape == (2, 34, 0)
    affinity.sum().backward()
    assert edge.grad is not None
    assert float(edge.grad.abs().sum()) == 0


def test_a_map_without_a_batch_axis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, h, w\), found shape \(6, 10\)"):
        path_affinity(torch.zeros(6, 10), WALK_RADIUS)
