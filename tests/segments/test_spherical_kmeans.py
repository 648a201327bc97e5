"""K-means: the grid, agreement of the compiled loops with the full product, laws, sizes at the edge, faults."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments import _spherical_kmeans
from wsss_core.segments import spherical_kmeans as module
from wsss_core.segments.spherical_kmeans import compared_with_all, grid_clusters, spherical_kmeans

ROUNDING = 1e-6
"""Cosines that differ by less may come in either order, times the length of the longest vector."""
BLOCK, PANEL = 512, 8  # of the compiled loops

COMPILED = (_spherical_kmeans.cluster, _spherical_kmeans.cluster_anywhere)
seeds = st.integers(0, 2**32 - 1)


def vectors(count: int, width: int = 4, seed: int = 0) -> torch.Tensor:
    return unit(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def starts(pixels: int, clusters: int, seed: int) -> torch.Tensor:
    return torch.randint(clusters, (pixels,), generator=torch.Generator().manual_seed(seed))


def compiled(function, vector_PD: torch.Tensor, start_P: torch.Tensor, count: int, iterations: int, threads: int = 1):
    result_P = start_P.clone()
    assert function(vector_PD.numpy(), result_P.numpy(), vector_PD.shape[1], count, iterations, threads)
    return result_P


def shortfall(vector_PD: torch.Tensor, before_P: torch.Tensor, after_P: torch.Tensor, count: int) -> float:
    """By how much the cosine with the chosen centre is below the largest, for the worst pixel, in float64."""
    wide_PD = vector_PD.double()
    centre_ND = unit(torch.zeros(count, wide_PD.shape[1]).double().index_add(0, before_P, wide_PD))
    cosine_PN = wide_PD @ centre_ND.T
    return float((cosine_PN.amax(1) - cosine_PN.gather(1, after_P[:, None])[:, 0]).max())


def lengths_of_sums(vector_PD: torch.Tensor, cluster_P: torch.Tensor, count: int) -> float:
    """What spherical k-means makes as large as it can."""
    sum_ND = torch.zeros(count, vector_PD.shape[1]).double().index_add(0, cluster_P, vector_PD.double())
    return float(sum_ND.norm(dim=1).sum())


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_grid_has_its_corners_and_is_symmetric(height, width, rows, columns):
    grid = grid_clusters((height, width), (rows, columns))
    assert grid[0, 0] == 0
    assert grid.max() < rows * columns
    if height > 1 and width > 1:
        assert grid[-1, -1] == rows * columns - 1


def test_edge_clusters_are_half_as_wide():
    assert torch.bincount(grid_clusters((120, 1), (7, 1))[:, 0]).tolist() == [10, 20, 20, 20, 20, 20, 10]


@pytest.mark.parametrize("kmeans", [spherical_kmeans, compared_with_all])
@pytest.mark.parametrize("iterations", [0, 1, 40])
def test_kmeans_equals_the_plain_form_also_when_it_stops_early(kmeans, iterations):
    vector_PD, start_P = vectors(60), torch.arange(60) % 5
    cluster_P = start_P
    for _ in range(iterations):
        centres = torch.stack([unit(vector_PD[cluster_P == number].sum(0)) for number in range(5)])
        cluster_P = (vector_PD @ centres.T).argmax(1)
    assert torch.equal(kmeans(vector_PD, start_P, 5, iterations), cluster_P)


@pytest.mark.parametrize("function", COMPILED)
@given(st.integers(1, 3 * BLOCK), st.integers(1, 5 * PANEL), st.integers(1, 20), st.floats(0.1, 30), seeds)
@settings(max_examples=25, deadline=None)
def test_every_pixel_goes_to_the_nearest_centre_in_every_iteration(function, pixels, clusters, width, longest, seed):
    length_P1 = longest * torch.rand(pixels, 1, generator=torch.Generator().manual_seed(seed))
    assert_nearest(function, length_P1 * vectors(pixels, width, seed), starts(pixels, clusters, seed), clusters)


@pytest.mark.parametrize("function", COMPILED)
@given(st.integers(2, 40), st.integers(PANEL + 1, 3 * PANEL), st.integers(1, 3), seeds)
@settings(max_examples=200, deadline=None)
def test_centres_may_jump(function, pixels, clusters, width, seed):
    """Few pixels in few directions: centres go as far as the bounds say, straight towards a pixel."""
    assert_nearest(function, vectors(pixels, width, seed), starts(pixels, clusters, seed), clusters)


def assert_nearest(function, vector_PD: torch.Tensor, start_P: torch.Tensor, count: int) -> None:
    before_P, longest = start_P, float(vector_PD.norm(dim=1).max())
    for iteration in range(1, 7):
        after_P = compiled(function, vector_PD, start_P, count, iteration)
        assert shortfall(vector_PD, before_P, after_P, count) <= ROUNDING * longest
        before_P = after_P


@given(st.integers(1, 2 * BLOCK), st.integers(1, 3 * PANEL), seeds)
@settings(max_examples=25, deadline=None)
def test_no_iteration_makes_the_clusters_worse(pixels, clusters, seed):
    vector_PD, start_P = vectors(pixels, 6, seed), starts(pixels, clusters, seed)
    reached = lengths_of_sums(vector_PD, start_P, clusters)
    for iteration in range(1, 6):
        found = lengths_of_sums(vector_PD, spherical_kmeans(vector_PD, start_P, clusters, iteration), clusters)
        assert found >= reached - ROUNDING * pixels
        reached = found


@pytest.mark.parametrize("function", COMPILED)
def test_the_full_product_gives_the_same_clusters(function):
    vector_PD, start_P = vectors(3000, 66), starts(3000, 30, 1)
    found = compiled(function, vector_PD, start_P, 30, 10)
    assert torch.equal(found, compared_with_all(vector_PD, start_P, 30, 10))
    assert not torch.equal(found, compared_with_all(vector_PD, start_P, 30, 9)), "expected pixels still on their way"


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_threads_do_not_change_the_clusters(threads):
    vector_PD, start_P = vectors(6 * BLOCK + 5, 10), starts(6 * BLOCK + 5, 20, 2)
    alone = compiled(_spherical_kmeans.cluster, vector_PD, start_P, 20, 8)
    assert torch.equal(compiled(_spherical_kmeans.cluster, vector_PD, start_P, 20, 8, threads), alone)


def test_no_pixels_are_in_no_cluster():
    assert spherical_kmeans(torch.empty(0, 4), torch.empty(0, dtype=torch.int64), 3, 2).tolist() == []


def test_an_empty_cluster_keeps_pixels_whose_cosines_are_all_negative():
    vector_PD = torch.tensor([[1.0, 0], [-1, 0]])
    assert spherical_kmeans(vector_PD, torch.tensor([0, 0]), 2, 1).tolist() == [0, 0]  # the sum is 0: all ties
    assert spherical_kmeans(vector_PD[:1], torch.tensor([1]), 2, 1).tolist() == [1]
    opposite_PD = torch.tensor([[1.0, 0], [1, 0], [-1, 0]])
    assert spherical_kmeans(opposite_PD, torch.tensor([0, 0, 0]), 2, 1).tolist() == [0, 0, 1]


@pytest.mark.parametrize("count", [1, PANEL - 1, PANEL + 1])
def test_places_of_a_panel_without_a_centre_are_never_nearest(count):
    vector_PD = torch.tensor([[1.0, 0]] * 5 + [[-1.0, 0]])
    full = torch.cat([vector_PD, torch.tensor([[1.0, 0]] * (count - 1))])
    start_P = torch.cat([torch.zeros(6, dtype=torch.int64), torch.arange(1, count)])
    assert spherical_kmeans(full, start_P, count, 1).tolist() == [0] * len(full)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, PANEL + 1), (PANEL, 3 * PANEL)])
@pytest.mark.parametrize("function", COMPILED)
def test_of_equal_centres_the_first_is_taken_wherever_a_pixel_comes_from(function, first, second):
    vector_PD = torch.tensor([[0.6, 0.8]]).repeat(40, 1)
    start_P = torch.tensor([second, first]).repeat(20)
    assert compiled(function, vector_PD, start_P, 3 * PANEL + 1, 1).tolist() == [first] * 40


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_vectors_without_bounds_go_as_in_the_full_product(value):
    vector_PD, start_P = vectors(50), starts(50, 4, 3)
    vector_PD[7, 2] = value
    expected = compared_with_all(vector_PD, start_P, 4, 3)
    assert torch.equal(spherical_kmeans(vector_PD, start_P, 4, 3), expected)
    assert not torch.equal(expected, start_P)


def test_arguments_are_left_as_they_are_and_need_not_be_contiguous():
    vector_PD, start_P = vectors(80, 6)[::2, 1:5], starts(80, 5, 4)[::2]
    kept = vector_PD.clone(), start_P.clone()
    found = spherical_kmeans(vector_PD.requires_grad_(), start_P, 5, 4)
    assert torch.equal(found, compared_with_all(kept[0], kept[1], 5, 4))
    assert torch.equal(start_P, kept[1])
    assert found.is_contiguous()


@pytest.mark.parametrize(
    ("vector_PD", "start_P", "count", "message"),
    [
        (vectors(5), torch.zeros(4).long(), 2, r"found \(5, 4\), \(4,\) and 2"),
        (vectors(5)[0], torch.zeros(4).long(), 2, r"found \(4,\), \(4,\) and 2"),
        (vectors(5), torch.zeros(5).long(), 0, r"at least 1 cluster.* and 0"),
        (vectors(5).double(), torch.zeros(5).long(), 2, r"float32.* found torch\.float64 and torch\.int64"),
        (vectors(5), torch.zeros(5).int(), 2, r"of int64, found torch\.float32 and torch\.int32"),
        (vectors(5), torch.tensor([0, 1, 2, 0, 0]), 2, r"expected clusters 0\.\.1, found 2 at pixel 2"),
        (vectors(5), torch.tensor([0, 1, 1, 0, -1]), 2, r"expected clusters 0\.\.1, found -1 at pixel 4"),
    ],
)
def test_other_shapes_types_and_clusters_are_refused(vector_PD, start_P, count, message):
    with pytest.raises(ValueError, match=message):
        spherical_kmeans(vector_PD, start_P, count, 1)


def test_buffers_that_do_not_fit_are_refused_by_the_compiled_part_itself():
    vector_PD, result_P = vectors(5).numpy(), torch.zeros(5, dtype=torch.int64).numpy()
    for values in (
        (vector_PD, result_P[:4].copy(), 4, 2, 1, 1),
        (vector_PD, result_P, 3, 2, 1, 1),
        (vector_PD, result_P.view("int32")[:9].copy(), 4, 2, 1, 1),
        (vector_PD, result_P, 4, 0, 1, 1),
        (vector_PD, result_P, 4, 2, 1, 0),
    ):
        with pytest.raises(ValueError, match="one number of pixels"):
            _spherical_kmeans.cluster(*values)
    result_P.flags.writeable = False
    with pytest.raises((TypeError, BufferError, ValueError), match=r"read-only|writable|read-write"):
        _spherical_kmeans.cluster(vector_PD, result_P, 4, 2, 1, 1)


def test_a_package_that_is_not_compiled_says_what_to_do():
    code = (
        "import sys; sys.modules['wsss_core.segments._spherical_kmeans'] = None\n"
        "try: import wsss_core.segments.grouping\n"
        "except ImportError as error: print(error)"
    )
    root = Path(module.__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert "expected the compiled part of the k-means" in run.stdout
    assert "make env" in run.stdout
