"""Training of prompts, end to end on generated images and a tiny CLIP."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_clip import write_clip
from training.stage_rows import write_seeds
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.prompts_store import load_prompts
from wsss_core.classifiers.prompt_samples import PromptSamples, validation_image
from wsss_core.classifiers.prompts import PromptsTask, train
from wsss_core.classifiers.published_prompts import train as take_published
from wsss_core.clip.context_start import random_context, seed_of
from wsss_core.settings.base import SettingsError
from wsss_core.settings.prompts import PromptsSettings, PublishedPromptsSettings
from wsss_core.training.history import read
from wsss_core.training.label_source import RowSource
from wsss_core.training.optimisers import build_optimiser

TINY = {
    "longer_side": [48, 64],
    "crop": 48,
    "batch": 6,
    "steps": 12,
    "context_words": 4,
    "background": ["sky", "grass"],
    "learning_rate": 0.1,
    "warmup_steps": 0,
    "start_std": 0.5,
    "log_every_steps": 1,
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "weights" / "clip.pt")


def settings(clip: Path, **changes: object) -> PromptsSettings:
    return PromptsSettings.parse({**TINY, "clip_weights": str(clip), **changes}, "prompts")


def losses(folder: Path) -> list[float]:
    return [float(row["loss"]) for row in read(folder) if row["kind"] == "step"]  # type: ignore[arg-type]


def test_words_learn_from_tags_and_nothing_else_does(tmp_path: Path, clip: Path) -> None:
    context = tiny_context(tmp_path / "prompts", "classifier", settings(clip))
    train(context)
    words, card = load_prompts(tmp_path / "prompts")
    start = random_context((4, 16), 0.5, seed_of("\u771f"))
    assert words.ctx.shape == start.shape
    assert not torch.allclose(words.ctx, start)
    assert card.names == ("red thing", "green thing", "sky", "grass")
    assert (card.position, card.clip, card.clip_sha256) == ("end", str(clip), sha256_of(clip))
    assert card.trained_on["images"] == 6
    assert [path.name for path in sorted((tmp_path / "prompts").iterdir())] == [
        *("history.csv", "history.jsonl", "model.json", "model.safetensors")
    ]
    assert np.mean(losses(tmp_path / "prompts")[-3:]) < np.mean(losses(tmp_path / "prompts")[:3])


def test_validation_tells_the_tags_of_whole_images_and_changes_no_word(tmp_path: Path, clip: Path) -> None:
    for name, every in (("with", 12), ("without", 0)):
        chosen = settings(clip, validate_every_epochs=every, longer_side=[40, 44])
        train(tiny_context(tmp_path / name, "classifier", chosen))
    epochs = [row for row in read(tmp_path / "with") if row["kind"] == "epoch"]
    assert [row["epoch"] for row in epochs if "val_map" in row] == [12]
    assert set(epochs[-1]["val_ap"]) == {"red thing", "green thing"}  # type: ignore[arg-type]
    assert 0 < epochs[-1]["val_map"] <= 1  # type: ignore[operator]
    assert np.isfinite(epochs[-1]["val_loss"])  # type: ignore[arg-type]
    first, second = (load_prompts(tmp_path / name)[0].ctx for name in ("with", "without"))
    assert torch.equal(first, second)


def test_without_validation_images_there_are_no_figures(tmp_path: Path, clip: Path) -> None:
    chosen = settings(clip, validation_split=None)
    assert PromptsTask(chosen, tiny_context(tmp_path / "prompts", "classifier", chosen)).validate() == {}


def test_validation_images_are_made_small_and_then_enlarged_to_whole_patches() -> None:
    image = np.zeros((100, 60, 3), np.uint8)
    assert validation_image(image, 200, 16).shape == (112, 64, 3)
    assert validation_image(image, 50, 16).shape == (64, 32, 3)


@pytest.mark.parametrize("tags_from", ["image", "seeds"])
def test_words_of_each_class_learn_from_seeds(tmp_path: Path, clip: Path, tags_from: str) -> None:
    manifest = write_tiny_data(tmp_path / "data")
    seeds = write_seeds(tmp_path / "seeds", manifest)
    chosen = settings(clip, per_class=True, position="front", background=["", ""], tags_from=tags_from)
    train(tiny_context(tmp_path / "prompts", "classifier", chosen, seeds=seeds))
    words, card = load_prompts(tmp_path / "prompts")
    assert words.ctx.shape == (4, 4, 16)
    assert card.names == ("red thing", "green thing", "", "")
    assert {"foreground", "background"} <= set(read(tmp_path / "prompts")[0])
    values = losses(tmp_path / "prompts")
    assert np.isfinite(values).all()
    assert values[-1] != values[0]


def test_a_batch_without_any_class_has_loss_0(tmp_path: Path, clip: Path) -> None:
    seeds = write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data"))
    task = PromptsTask(settings(clip), tiny_context(tmp_path / "p", "classifier", settings(clip), seeds=seeds))
    batch = {
        "image": torch.randn(2, 3, 48, 48),
        "tags": torch.zeros((2, 2), dtype=torch.bool),
        "label": torch.zeros((2, 48, 48), dtype=torch.uint8),
    }
    for names in (("image", "tags", "label"), ("image", "tags")):
        loss, _ = task.loss({name: batch[name] for name in names})
        loss.backward()
        assert loss == 0
        assert task.network.ctx.grad is not None
        assert task.network.ctx.grad.abs().max() == 0


def test_only_the_words_are_in_the_optimiser_at_the_published_rate(tmp_path: Path, clip: Path) -> None:
    chosen = PromptsSettings(clip_weights=clip)
    task = PromptsTask(chosen, tiny_context(tmp_path / "prompts", "classifier", chosen))
    groups = build_optimiser(task.network, task.parameter_groups(), chosen).param_groups
    used = [(group["lr"], group["weight_decay"], group["momentum"]) for group in groups if group["params"]]
    assert used == [(1e-3, 5e-4, 0.9)]
    assert [tuple(parameter.shape) for parameter in task.network.parameters()] == [(16, 16)]


def test_words_start_from_a_file_and_must_fit(tmp_path: Path, clip: Path) -> None:
    start = torch.randn(4, 4, 16)
    torch.save(start, tmp_path / "start.pth")
    chosen = settings(clip, weights=str(tmp_path / "start.pth"), steps=1, learning_rate=1e-9, weight_decay=0)
    train(tiny_context(tmp_path / "prompts", "classifier", chosen))
    torch.testing.assert_close(load_prompts(tmp_path / "prompts")[0].ctx.detach(), start)
    other = settings(clip, weights=str(tmp_path / "start.pth"), background=["sky"])
    with pytest.raises(ValueError, match=r"expected a context .* for 3 prompts of this CLIP, found \(4, 4, 16\)"):
        train(tiny_context(tmp_path / "other", "classifier", other))


def test_the_start_may_follow_the_seed_of_the_experiment(tmp_path: Path, clip: Path) -> None:
    chosen = settings(clip, start_text=None)
    task = PromptsTask(chosen, tiny_context(tmp_path / "prompts", "classifier", chosen))
    torch.testing.assert_close(task.network.ctx.detach(), random_context((4, 16), 0.5, 0))


def test_published_words_are_published_again(tmp_path: Path, clip: Path) -> None:
    words = torch.randn(4, 16)
    torch.save({"prompt_learner.ctx": words}, tmp_path / "final.pth")
    chosen = PublishedPromptsSettings(clip_weights=clip, weights=tmp_path / "final.pth", background=("sky",))
    take_published(tiny_context(tmp_path / "prompts", "classifier", chosen))
    found, card = load_prompts(tmp_path / "prompts")
    assert torch.equal(found.ctx, words)
    assert card.trained_on["sha256"] == sha256_of(tmp_path / "final.pth")
    assert read(tmp_path / "prompts") == []
    torch.save({"prompt_learner.ctx": torch.randn(9, 4, 16)}, tmp_path / "final.pth")
    with pytest.raises(ValueError, match=r"for 3 prompts of this CLIP, found \(9, 4, 16\)"):
        take_published(tiny_context(tmp_path / "other", "classifier", chosen))


def samples(tmp_path: Path, clip: Path, **changes: object) -> tuple[PromptSamples, Manifest]:
    manifest = write_tiny_data(tmp_path / "data")
    rows = RowSource(write_seeds(tmp_path / "seeds", manifest), "seeds", LabelRow)
    return PromptSamples(manifest.select(["train"]), 2, settings(clip, **changes), rows), manifest


def test_samples_are_functions_of_their_generator_and_survive_pickling(tmp_path: Path, clip: Path) -> None:
    found, _ = samples(tmp_path, clip)
    first = found.sample(1, np.random.default_rng(3))
    again = pickle.loads(pickle.dumps(found)).sample(1, np.random.default_rng(3))
    assert first["image"].shape == (3, 48, 48)
    assert first["label"].shape == (48, 48)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_tags_of_a_crop_come_from_the_image_or_from_what_is_left_of_its_seed(tmp_path: Path, clip: Path) -> None:
    by_image, manifest = samples(tmp_path, clip, longer_side=[200, 200])
    by_seed, _ = samples(tmp_path, clip, longer_side=[200, 200], tags_from="seeds")
    lost = 0
    for seed in range(20):
        first, second = (source.sample(0, np.random.default_rng(seed)) for source in (by_image, by_seed))
        assert torch.equal(first["label"], second["label"])
        assert first["tags"].tolist() == [True, False]
        inside = bool((second["label"] == 1).any())
        assert second["tags"].tolist() == [inside, False]
        lost += not inside
    assert 0 < lost < 20
    assert not by_image.sample(5, np.random.default_rng(0))["tags"].any()
    assert manifest.select(["train"])[5].tags == ()


def test_seeds_of_other_classes_or_images_are_refused(tmp_path: Path, clip: Path) -> None:
    found, manifest = samples(tmp_path, clip)
    found.classes = 0
    with pytest.raises(ValueError, match=r"expected labels 0..0 or 255, found 1"):
        found.sample(0, np.random.default_rng(0))
    seeds = write_seeds(tmp_path / "fewer", manifest, without=["id1"])
    with pytest.raises(ValueError, match="1 of 6 training images have no row here, first 'id1'"):
        PromptsTask(settings(clip), tiny_context(tmp_path / "p", "classifier", settings(clip), seeds=seeds))


def test_settings_that_cannot_be_are_refused(clip: Path) -> None:
    with pytest.raises(SettingsError, match="`crop` must be a multiple of CLIP's patch, 16 pixels, found 50"):
        settings(clip, crop=50)
    with pytest.raises(SettingsError, match=r"`longer_side` must be \[smallest, largest\], found \[90, 80\]"):
        settings(clip, longer_side=[90, 80])


def test_equal_seeds_give_equal_words(tmp_path: Path, clip: Path) -> None:
    for name in ("a", "b"):
        train(tiny_context(tmp_path / name, "classifier", settings(clip, steps=3)))
    first, second = (load_prompts(tmp_path / name)[0].ctx for name in ("a", "b"))
    assert torch.equal(first, second)
