"""Refined CAMs by pixel-adaptive refinement."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.affinity.pamr import processor, refined_row
from wsss_core.affinity.pixel_adaptive import refine_masks
from wsss_core.artifacts.cams import CamRow
from wsss_core.data.images import read_image
from wsss_core.settings.refined_cams import PamrSettings

SIZE = (33, 47)


def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)


def row(class_ids: list[int], normalise: bool, canvas: tuple[int, int] = SIZE) -> CamRow:
    grid = np.random.default_rng(1).uniform(0, 1, (len(class_ids), 5, 6)).astype(np.float32)
    return CamRow("picture", SIZE, np.array(class_ids, np.int32), (grid,), canvas, normalise)


@pytest.mark.parametrize("normalise", [True, False])
def test_at_stride_1_the_scores_of_the_image_are_refined(normalise: bool) -> None:
    given = row([1, 3], normalise)
    refined = refined_row(given, image(), PamrSettings(stride=1, iterations=2))
    unit = torch.from_numpy(image()).permute(2, 0, 1)[None].float() / 255
    expected = refine_masks(unit, torch.from_numpy(given.scores())[None], 2)[0].numpy()
    if normalise:
        expected /= expected.max(axis=(1, 2), keepdims=True) + 1e-5
    np.testing.assert_allclose(refined.scores(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("class_ids", [[1, 3], [0, 2], []], ids=["tags", "own background", "no tag"])
@pytest.mark.parametrize("canvas", [SIZE, (48, 48)])
def test_classes_stay_and_maps_lie_on_the_grid(class_ids: list[int], canvas: tuple[int, int]) -> None:
    refined = refined_row(row(class_ids, False, canvas), image(), PamrSettings())
    assert refined.class_ids.tolist() == class_ids
    assert refined.maps[0].shape == (len(class_ids), 9, 12)
    assert refined.canvas_hw == (36, 48)
    assert refined.scores().shape == (len(class_ids), *SIZE)


def test_the_stage_refines_towards_the_colours_of_the_photograph(tmp_path: Path) -> None:
    manifest = write_tiny_data(tmp_path / "data")
    process = processor(tiny_context(tmp_path / "s", "refined_cams", PamrSettings(stride=1)))
    record = manifest.records[0]
    size_hw = read_image(record.file).shape[:2]
    blot = np.zeros((1, *size_hw), np.float32)
    blot[0, 10:20, 12:36] = 1  # half in the square of rows 6-24, columns 8-26, half beyond
    given = CamRow(record.image_id, size_hw, np.array(record.tags, np.int32), (blot,), size_hw, normalise=True)
    result = process(record, {"cams": given})
    assert isinstance(result, CamRow)
    scores = result.scores()[0]
    assert scores[6:24, 8:26].mean() > 2 * scores[6:24, 27:].mean()
    assert scores[7, 24] > 0.3  # in the square, but not in the blot
