"""Training of the PSA classifier, end to end on generated images."""

import json

import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.tiny_data import tiny_context

from wsss_core.checkpoints.store import load_network
from wsss_core.classifiers.psa import psa_task, train
from wsss_core.classifiers.task import ClassifierTask
from wsss_core.settings.base import SettingsError
from wsss_core.settings.classifier import PsaClassifierSettings
from wsss_core.training.history import read

TINY = {"network": "small", "longer_side": [32, 64], "crop": 48, "batch": 3, "epochs": 2, "validation_crop": 50}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def settings(**changes: object) -> PsaClassifierSettings:
    return PsaClassifierSettings.parse({**TINY, **changes}, "classifier")


def test_training_publishes_a_network_that_tells_the_tags_apart(tmp_path):
    train(tiny_context(tmp_path / "classifier", "classifier", settings(epochs=12)))
    network, card = load_network(tmp_path / "classifier")
    assert (card.role, card.backbone, card.classes) == ("classifier", "small", ("red thing", "green thing"))
    assert card.trained_on["images"] == 6
    last = read(tmp_path / "classifier")[-1]
    first = next(row for row in read(tmp_path / "classifier") if row["kind"] == "epoch")
    assert last["val_loss"] < first["val_loss"]
    assert last["val_ap"] == {"red thing": 1.0, "green thing": 1.0}
    assert last["val_map"] == 1.0
    assert network(torch.zeros(1, 3, 40, 40)).shape == (1, 2)


def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(tmp_path, monkeypatch):
    def train_in(folder):
        train(tiny_context(folder, "classifier", settings(checkpoint_every_s=0)))

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, ClassifierTask, fail_at=3)


@pytest.mark.parametrize("split", [None, "no such split"])
def test_without_a_validation_split_there_are_no_validation_figures(tmp_path, split):
    train(tiny_context(tmp_path / "classifier", "classifier", settings(epochs=1, validation_split=split)))
    assert not any(name.startswith("val_ap") for row in read(tmp_path / "classifier") for name in row)


def test_weights_given_as_a_folder_start_the_backbone_but_not_the_head(tmp_path):
    train(tiny_context(tmp_path / "first", "classifier", settings()))
    context = tiny_context(tmp_path / "second", "classifier", settings(weights=str(tmp_path / "first"), dropout=0.3))
    network, _ = load_network(tmp_path / "first")
    task = psa_task(context.typed_settings(PsaClassifierSettings), context)
    ours, theirs = task.network.state_dict(), network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name.startswith("backbone."))
    assert not torch.equal(ours["fc8.weight"], theirs["fc8.weight"])
    assert task.network.get_submodule("drop7").p == 0.3


def test_an_empty_split_is_a_clear_error(tmp_path):
    context = tiny_context(tmp_path / "classifier", "classifier", settings())
    object.__setattr__(context, "splits", ("no such split",))
    with pytest.raises(ValueError, match="no image to train on"):
        train(context)


def test_the_published_recipe_is_the_default():
    published = PsaClassifierSettings()
    assert (published.network, published.crop, published.longer_side) == ("vgg16", 448, (256, 512))
    assert (published.batch, published.epochs, published.learning_rate) == (16, 15, 0.1)
    assert (published.momentum, published.weight_decay, published.power) == (5e-4, 5e-4, 0.9)
    assert json.loads(published.model_dump_json())["weights"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"longer_side": [64, 32]}, r"`longer_side` must be \[smallest, largest\]"),
        ({"networc": "small"}, "did you mean 'network'"),
        ({"epochs": 3, "steps": 4}, "expected either `epochs` or `steps`"),
        ({"batch": 5, "accumulate": 2}, "not divisible"),
    ],
)
def test_wrong_settings_are_refused_in_plain_words(change, message):
    with pytest.raises(SettingsError, match=message):
        settings(**change)


def test_steps_given_switch_epochs_off():
    assert PsaClassifierSettings(steps=7).epochs is None
