"""What the benchmarks report; the benchmarks themselves check that both ways agree, and take minutes."""

import importlib

import numpy as np
import pytest
import torch

from benchmarks.table import BENCHMARKS, as_page, as_text
from benchmarks.timing import Comparison, best_time_ms

LINES = [Comparison("walk", "4x4", "ms", 50.0, 1.0, target=40), Comparison("longer name", "4x4", "KB", 3.0, 2.0)]


def test_ratio_is_the_saving_and_decides_over_the_target() -> None:
    assert LINES[0].ratio == 50
    assert LINES[0].passed
    assert not Comparison("walk", "4x4", "ms", 39.0, 1.0, target=40).passed
    assert Comparison("slower", "4x4", "ms", 1.0, 2.0).passed, "without a target nothing can be missed"


def test_what_may_be_needed_at_most_decides_too() -> None:
    assert Comparison("walk", "4x4", "MB", 100.0, 30.0, most=30).passed
    assert not Comparison("walk", "4x4", "MB", 1000.0, 31.0, most=30).passed
    assert not Comparison("walk", "4x4", "MB", 100.0, 20.0, target=8, most=30).passed
    line = Comparison("walk", "4x4", "MB", 100.0, 10.0, target=8, most=30)
    assert "| 10 | ≥ 8, ours ≤ 30 MB |" in as_page([line], "a machine")


def test_text_has_aligned_columns() -> None:
    lines = as_text(LINES).splitlines()
    assert len(lines) == 3
    assert len({line.index("4x4") for line in lines[1:]}) == 1


def test_page_names_every_line_its_target_and_the_machine() -> None:
    page = as_page(LINES, "a machine")
    assert "| walk | 4x4 | 50 ms | 1 ms | 50 | ≥ 40 |" in page
    assert page.endswith("Measured on a machine.\n")


def test_time_is_that_of_the_call_and_its_result_is_kept() -> None:
    calls = []
    elapsed, result = best_time_ms(lambda: calls.append(1) or len(calls), repeats=3)
    assert (len(calls), result) == (3, 3)
    assert elapsed >= 0


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_listed_benchmark_can_be_run(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


def test_evaluation_baseline_agrees_on_random_maps() -> None:
    comparison = importlib.import_module("benchmarks.evaluation").run()[0]
    assert comparison.baseline > 0
    assert comparison.ours > 0


def test_dense_baseline_of_the_walk_within_boundaries_agrees_with_the_sparse_walk() -> None:
    benchmark = importlib.import_module("benchmarks.boundary_walk")
    scores, edge = benchmark.maps((9, 12))
    dense = benchmark.dense_walk(torch.from_numpy(scores), torch.from_numpy(edge))
    np.testing.assert_allclose(benchmark.sparse_walk(scores, edge).reshape(3, -1), dense.numpy(), rtol=0, atol=6e-5)


def test_plain_baseline_of_the_centroids_ends_in_the_same_cells() -> None:
    benchmark = importlib.import_module("benchmarks.centroids")
    displacement = benchmark.field((14, 19))
    np.testing.assert_array_equal(benchmark.refine_centroids(displacement), benchmark.plain_centroids(displacement))
