import json
from pathlib import Path

import pytest
import torch

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.prompts_store import PromptsCard, load_prompts, read_context, save_prompts
from wsss_core.checkpoints.store import load_network, save_network
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.networks.factory import build_classifier
from wsss_core.networks.normalisation import IMAGENET_RGB

CARD = PromptsCard(
    classes=("bird", "cow"),
    names=("bird avian", "cow", "sky", ""),
    position="front",
    clip="weights/ViT-B-16.pt",
    clip_sha256="a" * 64,
    trained_on={"images": 3},
)


@pytest.fixture
def context() -> PromptContext:
    return PromptContext(torch.randn(4, 3, 5))


def test_words_and_card_come_back(tmp_path: Path, context: PromptContext) -> None:
    save_prompts(tmp_path, CARD, context)
    found, card = load_prompts(tmp_path)
    assert card == CARD
    assert torch.equal(found.ctx, context.ctx)
    assert torch.equal(read_context(tmp_path), context.ctx)


@pytest.mark.parametrize("wrap", [lambda ctx: {"prompt_learner.ctx": ctx}, lambda ctx: ctx, lambda ctx: {"ctx": ctx}])
def test_published_words_are_read(tmp_path: Path, context: PromptContext, wrap) -> None:
    torch.save(wrap(context.ctx.detach().half()), tmp_path / "final.pth")
    found = read_context(tmp_path / "final.pth")
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, context.ctx.detach(), rtol=1e-3, atol=1e-3)


def test_other_files_are_refused(tmp_path: Path, context: PromptContext) -> None:
    torch.save({"fc.weight": context.ctx.detach()}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"under 'prompt_learner\.ctx', found fc\.weight"):
        read_context(tmp_path / "other.pth")
    with pytest.raises(FileNotFoundError, match="run the training stage first"):
        load_prompts(tmp_path)


def test_prompts_and_networks_are_not_taken_for_each_other(tmp_path: Path, context: PromptContext) -> None:
    save_prompts(tmp_path / "prompts", CARD, context)
    with pytest.raises(ValueError, match="expected a network card of format 1, found 'prompts 1'"):
        load_network(tmp_path / "prompts")
    network = NetworkCard("classifier", "small", ("a",), IMAGENET_RGB)
    save_network(tmp_path / "network", network, build_classifier("small", 1).state_dict())
    with pytest.raises(ValueError, match=r"expected learnt prompts \(prompts 1\), found a network"):
        load_prompts(tmp_path / "network")


@pytest.mark.parametrize("change", [{"position": "left"}, {"names": "cow"}, {"position": None}, {"colour": 1}])
def test_a_damaged_card_is_refused(tmp_path: Path, context: PromptContext, change: dict[str, object]) -> None:
    save_prompts(tmp_path, CARD, context)
    plain = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**plain, **change}))
    with pytest.raises(ValueError, match=r"model\.json: the card lacks a field or has an unknown one"):
        load_prompts(tmp_path)


def test_words_of_another_card_are_refused(tmp_path: Path, context: PromptContext) -> None:
    for name in ("a", "b"):
        save_prompts(tmp_path / name, CARD, PromptContext(torch.randn(2, 5)))
    (tmp_path / "a" / "model.safetensors").write_bytes((tmp_path / "b" / "model.safetensors").read_bytes())
    with pytest.raises(ValueError, match=r"not the weights that model\.json was written with"):
        load_prompts(tmp_path / "a")
