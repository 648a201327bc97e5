from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_clip import write_clip
from training.tiny_data import tiny_context

from wsss_core.affinity.attention_affinity import AttentionAffinity, attention_affinity, collected
from wsss_core.affinity.class_aware_attention import class_aware_attention, processor
from wsss_core.affinity.score_boxes import box_masks
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.checksum import sha256_of
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams import gradcam
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.checkpoints.prompts_store import PromptsCard, save_prompts
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.settings.cams import GradcamSettings
from wsss_core.settings.refined_cams import ClassAwareAttentionSettings
from wsss_core.stages.context import StageContext

SIDES = st.integers(2, 6)
RECORD = ImageRecord("a", "a.jpg", 40, 50, ("train",), 0, tags=(1, 3))


def attention(cells: int, seed: int = 0) -> np.ndarray:
    weights = np.random.default_rng(seed).uniform(0.1, 1, (cells, cells))
    return weights / weights.sum(axis=1, keepdims=True)


def cam(classes: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).normal(0.2, 1, (classes, height, width)).astype(np.float32)


def plain(cam_Khw: np.ndarray, attention_NN: np.ndarray, settings: ClassAwareAttentionSettings) -> np.ndarray:
    """The published way: a power of the matrix, and a masked copy of it for each class."""
    affinity = attention_NN.astype(np.float64)
    for _ in range(settings.sinkhorn_rounds):
        affinity = affinity / affinity.sum(axis=0, keepdims=True)
        affinity = affinity / affinity.sum(axis=1, keepdims=True)
    power = np.linalg.matrix_power((affinity + affinity.T) / 2, settings.power)
    score = unit_scores(cam_Khw)
    masks = box_masks(score, settings.box_threshold).reshape(len(cam_Khw), -1)
    values = (score if settings.values == "score" else cam_Khw).reshape(len(cam_Khw), -1)
    refined = [(power * mask[None]) @ value for mask, value in zip(masks, values, strict=True)]
    return np.array(refined).reshape(cam_Khw.shape)


@given(st.integers(1, 3), SIDES, SIDES, st.integers(0, 3), st.integers(0, 3), st.sampled_from(["score", "cam"]))
def test_result_is_that_of_the_matrix_power(classes, height, width, rounds, power, values):
    settings = ClassAwareAttentionSettings(sinkhorn_rounds=rounds, power=power, values=values)
    maps, weights = cam(classes, height, width), attention(height * width)
    found = class_aware_attention(maps, weights, settings)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(maps, weights, settings), rtol=1e-4, atol=1e-5)


@given(st.integers(2, 8), st.integers(0, 3))
def test_affinity_is_symmetric_and_its_sums_come_to_1(cells, rounds):
    affinity = attention_affinity(attention(cells, rounds), 30).matrix()
    np.testing.assert_array_equal(affinity, affinity.T)
    np.testing.assert_allclose(affinity.sum(axis=0), np.ones(cells), rtol=1e-4)


@given(st.integers(1, 8), st.integers(0, 3), st.integers(1, 3))
def test_factors_give_the_product_with_the_matrix(cells, rounds, columns):
    affinity = attention_affinity(attention(cells, rounds), rounds)
    values = np.random.default_rng(cells).normal(0, 1, (cells, columns)).astype(np.float32)
    np.testing.assert_allclose(affinity @ values, affinity.matrix() @ values, rtol=1e-4, atol=1e-6)


def test_rows_are_divided_last_and_the_input_stays():
    weights = np.array([[1.0, 3.0], [1.0, 1.0]], np.float16)
    # Columns: [[.5, .75], [.5, .25]]; rows: [[.4, .6], [2/3, 1/3]]; then the mean with the transposed.
    expected = [[0.4, (0.6 + 2 / 3) / 2], [(0.6 + 2 / 3) / 2, 1 / 3]]
    np.testing.assert_allclose(attention_affinity(weights, 1).matrix(), expected, rtol=1e-6)
    assert weights.tolist() == [[1, 3], [1, 1]]


def test_cells_collect_from_inside_the_boxes_only():
    ones = np.ones(3, np.float32)
    affinity = AttentionAffinity(np.full((3, 3), 0.5, np.float32), ones, ones)
    inside = np.array([[True, False, False]])
    np.testing.assert_array_equal(collected(affinity, np.array([[4.0, 9.0, 9.0]]), inside, 1), [[2, 2, 2]])
    np.testing.assert_array_equal(collected(affinity, np.array([[4.0, 9.0, 9.0]]), inside, 0), [[4, 0, 0]])


def test_attention_of_another_grid_is_refused():
    with pytest.raises(ValueError, match=r"the 12 cells of the 3x4 grid of the CAMs, found shape \(9, 9\)"):
        class_aware_attention(cam(1, 3, 4), attention(9), ClassAwareAttentionSettings())


def process(tmp_path, row: CamRow) -> CamRow:
    settings = ClassAwareAttentionSettings()
    folders = {"cams": tmp_path / "cams"}
    context = StageContext("e", "r", "refined_cams", "class_aware_attention", settings, folders, tmp_path, ("train",))
    found = processor(context)(RECORD, {"cams": row})
    assert isinstance(found, CamRow)
    return found


def test_rows_keep_their_place_and_lose_the_attention(tmp_path):
    maps, weights = cam(2, 3, 4), attention(12).astype(np.float16)
    row = CamRow("a", (40, 50), np.array([1, 3], np.int32), (maps,), (40, 50), True, weights)
    found = process(tmp_path, row)
    assert (found.image_id, found.size_hw, found.canvas_hw, found.normalise) == ("a", (40, 50), (40, 50), True)
    assert found.attention_NN is None
    expected = class_aware_attention(maps, weights, ClassAwareAttentionSettings())
    np.testing.assert_array_equal(found.maps[0], expected)


def test_images_without_classes_and_cams_without_attention(tmp_path):
    empty = CamRow("a", (40, 50), np.zeros(0, np.int32), (np.zeros((0, 1, 1), np.float32),), (40, 50), True)
    assert process(tmp_path, empty).maps[0].shape == (0, 1, 1)
    plain_row = CamRow("a", (40, 50), np.array([1], np.int32), (cam(1, 3, 4),), (40, 50), True)
    with pytest.raises(ValueError, match=r"have no attention; name their prompts .* or make them .*`attention: true`"):
        process(tmp_path, plain_row)


def test_attention_that_was_not_stored_is_made_anew_to_the_same_bytes(tmp_path):
    clip, names = write_clip(tmp_path / "clip.pt"), ("red thing", "green thing", "sky")
    card = PromptsCard(names[:2], names, "end", str(clip), sha256_of(clip))
    save_prompts(tmp_path / "prompts", card, PromptContext(torch.ones(3, 16)))
    prompts = {"classifier": tmp_path / "prompts"}
    cams = tiny_context(tmp_path / "cams", "cams", GradcamSettings(max_pixels=1500), **prompts)
    settings = ClassAwareAttentionSettings(max_pixels=1500)
    stored = tiny_context(tmp_path / "refined", "refined_cams", settings, cams=tmp_path / "cams")
    anew = replace(stored, inputs={**stored.inputs, **prompts})
    record = cams.manifest.select(["train"])[0]
    row = gradcam.processor(cams)(record, {})
    expected = processor(stored)(record, {"cams": row})
    found = processor(anew)(record, {"cams": replace(row, attention_NN=None)})
    assert found.attention_NN is None
    np.testing.assert_array_equal(found.maps[0], expected.maps[0])
