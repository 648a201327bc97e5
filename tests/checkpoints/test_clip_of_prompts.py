from pathlib import Path

import pytest
import torch
from tiny_clip import tiny_clip, write_clip

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.clip_of_prompts import clip_of_prompts, same_clip
from wsss_core.checkpoints.prompts_store import PromptsCard, save_prompts
from wsss_core.networks.clip.prompts import PromptContext


def learnt(folder: Path, clip: Path) -> PromptsCard:
    """Words learnt with the CLIP in that file."""
    card = PromptsCard(("cat",), ("cat", "sky"), "end", str(clip), sha256_of(clip))
    save_prompts(folder, card, PromptContext(torch.ones(3, 16)))
    return card


def test_the_clip_of_the_words_is_loaded_frozen(tmp_path: Path) -> None:
    learnt(tmp_path / "prompts", write_clip(tmp_path / "clip.pt"))
    clip = clip_of_prompts(tmp_path / "prompts", None, "cpu")
    assert not any(value.requires_grad for value in clip.parameters())
    torch.testing.assert_close(clip.state_dict()["text_projection"], tiny_clip().text_projection.half().float())


def test_a_clip_that_has_moved_is_taken_from_its_new_place_and_no_other_one(tmp_path: Path) -> None:
    card = learnt(tmp_path / "prompts", write_clip(tmp_path / "clip.pt"))
    moved = (tmp_path / "clip.pt").rename(tmp_path / "moved.pt")
    assert same_clip(card, moved) == moved
    with pytest.raises(FileNotFoundError, match=r"clip\.pt: no such weights file"):
        clip_of_prompts(tmp_path / "prompts", None, "cpu")
    torch.save({name: value + 1 for name, value in tiny_clip().state_dict().items()}, moved)
    with pytest.raises(ValueError, match="expected the CLIP with which the prompts were learnt"):
        same_clip(card, moved)
