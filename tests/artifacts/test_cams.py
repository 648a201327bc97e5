from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.artifacts.cams import NORMALISATION_EPSILON, CamRow, decode, encode, enlarge

FLOAT16_ERROR = 1e-3  # of the map's maximum; half precision has 11 bits


def make_row(*grids: np.ndarray, size_hw: tuple[int, int] = (9, 13), normalise: bool = False, **changes) -> CamRow:
    classes = len(grids[0])
    canvas_hw = changes.pop("canvas_hw", size_hw)
    return CamRow("image 1", size_hw, np.arange(1, classes + 1, dtype=np.int32), grids, canvas_hw, normalise)


def random_grid(shape: tuple[int, int, int], seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) * scale).astype(np.float32)


def torch_sum(row: CamRow) -> np.ndarray:
    """The same by torch: bilinear, half-pixel centres, summed and cropped."""
    height, width = row.size_hw
    total = torch.zeros(1, len(row.class_ids), height, width)
    for grid_Khw in row.maps:
        large = torch.nn.functional.interpolate(
            torch.from_numpy(grid_Khw)[None], row.canvas_hw, mode="bilinear", align_corners=False
        )
        total += large[..., :height, :width]
    return total[0].numpy()


SIDES = st.integers(1, 12)


@given(
    classes=st.integers(1, 3),
    grid_sides=st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=3),
    size_hw=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    padding_hw=st.tuples(st.integers(0, 15), st.integers(0, 15)),
    seed=st.integers(0, 1000),
)
def test_scores_are_the_cropped_sum_of_torchs_bilinear_enlargements(
    classes: int,
    grid_sides: list[tuple[int, int]],
    size_hw: tuple[int, int],
    padding_hw: tuple[int, int],
    seed: int,
) -> None:
    grids = [random_grid((classes, *sides), seed + number) for number, sides in enumerate(grid_sides)]
    canvas_hw = (size_hw[0] + padding_hw[0], size_hw[1] + padding_hw[1])
    shrinks = any(side > canvas for sides in grid_sides for side, canvas in zip(sides, canvas_hw, strict=True))
    row = make_row(*grids, size_hw=size_hw, canvas_hw=canvas_hw)
    scores = row.scores()
    assert scores.shape == (classes, *size_hw)
    assert scores.dtype == np.float32
    # a grid larger than its canvas is shrunk without antialiasing by both, with the same half-pixel centres
    np.testing.assert_allclose(scores, torch_sum(row), atol=2e-3 if shrinks else 1e-5)


@given(st.lists(st.tuples(SIDES, SIDES), min_size=1, max_size=3), st.tuples(st.integers(12, 30), st.integers(12, 30)))
def test_scores_on_a_grid_are_the_sum_of_the_maps_enlarged_to_it(
    grid_sides: list[tuple[int, int]], grid_hw: tuple[int, int]
) -> None:
    grids = [random_grid((2, *sides), number) for number, sides in enumerate(grid_sides)]
    row = make_row(*grids, size_hw=(99, 70), canvas_hw=(112, 80), normalise=True)
    on_grid = make_row(*grids, size_hw=grid_hw, canvas_hw=grid_hw)
    normalised = row.scores_on(grid_hw)
    assert np.abs(normalised.max(axis=(1, 2)) - 1).max() < 1e-3
    np.testing.assert_array_equal(normalised, replace(on_grid, normalise=True).scores())
    whole = replace(row, normalise=False, canvas_hw=row.size_hw)
    np.testing.assert_allclose(whole.scores_on(grid_hw), torch_sum(on_grid), atol=1e-5)


@given(size_hw=st.tuples(st.integers(46, 90), st.integers(46, 90)), coarser=st.sampled_from([1, 2, 4]))
def test_final_scores_stay_in_their_place_on_a_grid(size_hw: tuple[int, int], coarser: int) -> None:
    """Such as those of a walk on a grid of stride 8 whose last cells reach beyond the image, read at stride 4."""
    grid_hw = (-(-size_hw[0] // 4), -(-size_hw[1] // 4))
    stored_hw = (-(-grid_hw[0] // coarser), -(-grid_hw[1] // coarser))
    stored = random_grid((1, *stored_hw))
    canvas_hw = (stored_hw[0] * 4 * coarser, stored_hw[1] * 4 * coarser)
    scores = make_row(stored, size_hw=size_hw, canvas_hw=canvas_hw).scores_on(grid_hw)
    enlarged = enlarge(stored[0], (stored_hw[0] * coarser, stored_hw[1] * coarser))
    np.testing.assert_allclose(scores[0], enlarged[: grid_hw[0], : grid_hw[1]], atol=1e-6)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 33), (9, 3)])
@pytest.mark.parametrize("normalise", [True, False])
def test_scores_on_a_grid_exist_for_the_smallest_images(size_hw: tuple[int, int], normalise: bool) -> None:
    grid_hw = (-(-size_hw[0] // 4), -(-size_hw[1] // 4))
    canvas_hw = (-(-size_hw[0] // 16) * 16, -(-size_hw[1] // 16) * 16)
    row = make_row(random_grid((2, 1, 1)), size_hw=size_hw, canvas_hw=canvas_hw, normalise=normalise)
    scores = row.scores_on(grid_hw)
    assert scores.shape == (2, *grid_hw)
    np.testing.assert_allclose(scores, row.scores()[:, : grid_hw[0], : grid_hw[1]], rtol=1e-5)


def test_normalised_scores_are_divided_by_their_maximum_per_class() -> None:
    grid = random_grid((2, 4, 5), scale=7.0)
    plain, normalised = make_row(grid).scores(), make_row(grid, normalise=True).scores()
    peaks = plain.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(normalised, plain / (peaks + NORMALISATION_EPSILON), rtol=1e-6)


def test_a_map_of_zeros_stays_zero_when_normalised() -> None:
    scores = make_row(np.zeros((1, 3, 3), np.float32), normalise=True).scores()
    assert np.array_equal(scores, np.zeros((1, 9, 13), np.float32))


def test_an_image_without_classes_has_scores_without_channels() -> None:
    row = make_row(np.zeros((0, 1, 1), np.float32), normalise=True)
    assert row.scores().shape == (0, 9, 13)
    back = decode(encode(row))
    assert back.maps[0].shape == (0, 1, 1)
    assert back.scores().shape == (0, 9, 13)


def test_enlarging_to_the_same_size_changes_nothing() -> None:
    grid_hw = random_grid((1, 6, 7))[0]
    assert np.array_equal(enlarge(grid_hw, (6, 7)), grid_hw)


@given(
    grid=hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.floats(0, 2.0**40, width=32)
    )
)
def test_float16_keeps_every_map_to_a_thousandth_of_its_maximum(grid: np.ndarray) -> None:
    back = decode(encode(make_row(grid), "float16"))
    peak_K = grid.max(axis=(1, 2), keepdims=True)
    assert (np.abs(back.maps[0] - grid) <= FLOAT16_ERROR * peak_K).all()


def test_float16_keeps_values_beyond_its_own_range() -> None:
    grid = np.array([[[1e-9, 2e-9]], [[1e7, 5e6]]], np.float32)
    np.testing.assert_allclose(decode(encode(make_row(grid))).maps[0], grid, rtol=FLOAT16_ERROR)


def test_negative_scores_survive() -> None:
    grid = np.array([[[-3.0, 1.0]]], np.float32)
    np.testing.assert_allclose(decode(encode(make_row(grid))).maps[0], grid, rtol=FLOAT16_ERROR)


def test_float32_is_exact() -> None:
    grids = random_grid((2, 3, 4)), random_grid((2, 5, 6), seed=1)
    back = decode(encode(make_row(*grids), "float32"))
    assert all(np.array_equal(got, put) for got, put in zip(back.maps, grids, strict=True))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_decoded_row_has_all_fields_of_the_encoded_one(dtype: str) -> None:
    row = make_row(random_grid((2, 3, 4)), size_hw=(30, 40), canvas_hw=(32, 48), normalise=True)
    back = decode(encode(row, dtype))
    assert (back.image_id, back.size_hw, back.canvas_hw, back.normalise) == ("image 1", (30, 40), (32, 48), True)
    assert back.class_ids.tolist() == [1, 2]
    assert back.class_ids.dtype == np.int32
    assert back.maps[0].dtype == np.float32


def test_float16_takes_half_of_the_bytes() -> None:
    row = make_row(random_grid((3, 20, 30)))
    sizes = {dtype: len(encode(row, dtype)["maps"][0]) for dtype in ("float16", "float32")}
    assert sizes == {"float16": 3 * 20 * 30 * 2, "float32": 3 * 20 * 30 * 4}
