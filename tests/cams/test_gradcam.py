"""Grad-CAM as a stage, on a tiny CLIP."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_clip import tiny_clip, write_clip
from training.tiny_data import tiny_context

from wsss_core.artifacts.cams import CamRow, decode, encode
from wsss_core.artifacts.checksum import sha256_of
from wsss_core.cams.gradcam import processor, prompt_features, softmax_gradcam
from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.prompts_store import PromptsCard, save_prompts
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.settings.cams import GradcamSettings
from wsss_core.stages.context import Processor, StageContext

NAMES = ("red thing", "green thing", "sky", "")
TEXT = torch.randn((4, 16), generator=torch.Generator().manual_seed(0))
CONTEXT = torch.randn((3, 16), generator=torch.Generator().manual_seed(1))


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def stage(tmp_path: Path) -> StageContext:
    """Grad-CAM behind a stage of prompts."""
    clip = write_clip(tmp_path / "clip.pt")
    card = PromptsCard(NAMES[:2], NAMES, "end", str(clip), sha256_of(clip))
    save_prompts(tmp_path / "prompts", card, PromptContext(CONTEXT))
    return tiny_context(tmp_path / "cams", "cams", GradcamSettings(), classifier=tmp_path / "prompts")


def rows(stage: StageContext, process: Processor) -> list[CamRow]:
    found = [process(record, {}) for record in stage.manifest.select(["train"])]
    assert all(isinstance(row, CamRow) for row in found)
    return found  # type: ignore[return-value]


def test_rows_hold_raw_maps_of_the_tags_and_the_attention_of_the_patches(stage: StageContext) -> None:
    for record, row in zip(stage.manifest.select(["train"]), rows(stage, processor(stage)), strict=True):
        assert row.size_hw == row.canvas_hw == (record.height, record.width)
        assert tuple(row.class_ids) == record.tags
        if not record.tags:
            assert row.maps[0].shape == (0, 1, 1)
            assert row.attention_NN is None
            continue
        grid = -(-record.height // 16), -(-record.width // 16)
        assert row.maps[0].shape == (1, *grid)
        assert row.attention_NN is not None
        assert (row.attention_NN.dtype, row.attention_NN.shape) == (np.float16, (grid[0] * grid[1],) * 2)
        scores = row.scores()
        assert scores.min() >= 0
        assert scores.max() <= 1
        back = decode(encode(row, "float32"))
        np.testing.assert_array_equal(back.maps[0], row.maps[0])
        assert back.attention_NN is not None
        np.testing.assert_array_equal(back.attention_NN, row.attention_NN)


def test_text_features_are_those_of_the_stored_words(stage: StageContext) -> None:
    clip = load_clip(stage.folder.parent / "clip.pt")
    found = prompt_features(clip, stage.inputs["classifier"])
    expected = TextPrompts(clip, NAMES, 3, "end")(clip, PromptContext(CONTEXT)).detach()
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad


def test_another_clip_is_refused_and_a_moved_one_is_found(stage: StageContext, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "clip.pt"
    moved.parent.mkdir()
    (tmp_path / "clip.pt").rename(moved)
    with pytest.raises(FileNotFoundError, match=r"clip\.pt: no such weights file"):
        processor(stage)
    found = rows(stage, processor(replace(stage, settings=GradcamSettings(clip_weights=moved, attention=False))))
    assert all(row.attention_NN is None for row in found)
    torch.save({name: value + 1 for name, value in tiny_clip().state_dict().items()}, tmp_path / "clip.pt")
    with pytest.raises(ValueError, match="expected the CLIP with which the prompts were learnt"):
        processor(stage)


def test_large_images_are_made_small_first(stage: StageContext) -> None:
    record = stage.manifest.select(["train"])[0]
    row = processor(replace(stage, settings=GradcamSettings(max_pixels=1000)))(record, {})
    assert isinstance(row, CamRow)
    assert row.maps[0].shape == (1, 2, 3)  # of 28 x 34 pixels
    assert row.scores().shape == (1, record.height, record.width)


def test_absent_classes_do_not_change_the_place_of_a_map() -> None:
    clip, image = tiny_clip(), picture(32, 48)
    both, _ = softmax_gradcam(clip, TEXT, image, [1, 3], 3)
    alone, attention = softmax_gradcam(clip, TEXT, image, [3], 3, attention_blocks=2)
    assert both.shape == (2, 2, 3)
    assert alone.shape == (1, 2, 3)
    assert attention is not None
    other, _ = softmax_gradcam(clip, TEXT[[0, 2, 1, 3]], image, [2], 3)
    np.testing.assert_allclose(other, alone, rtol=1e-3, atol=1e-6)


def test_bfloat16_gives_nearly_the_same_maps() -> None:
    clip, image = tiny_clip(), picture(64, 64)
    exact, _ = softmax_gradcam(clip, TEXT, image, [1, 2], 2)
    rounded, _ = softmax_gradcam(clip, TEXT, image, [1, 2], 2, precision="bfloat16")
    assert rounded.dtype == np.float32
    assert np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()
    assert not np.array_equal(rounded, exact)
