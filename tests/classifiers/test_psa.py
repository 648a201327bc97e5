"""Training of the PSA classifier, end to end on generated images, and its samples."""

import json

import numpy as np
import pytest
import torch
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.store import load_network
from wsss_core.classifiers.psa import ClassifierSamples, PsaClassifierTask, tag_vector, train
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB
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
    chosen = settings(checkpoint_every_s=0)
    train(tiny_context(tmp_path / "unbroken", "classifier", chosen))
    calls, loss = [], PsaClassifierTask.loss

    def failing(task, batch):
        calls.append(1)
        if len(calls) == 3:
            raise ConnectionError("the power went out")
        return loss(task, batch)

    with monkeypatch.context() as patch:
        patch.setattr(PsaClassifierTask, "loss", failing)
        with pytest.raises(ConnectionError):
            train(tiny_context(tmp_path / "broken", "classifier", chosen))
    train(tiny_context(tmp_path / "broken", "classifier", chosen))
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()
    assert not (tmp_path / "broken" / "resume").exists()


@pytest.mark.parametrize("split", [None, "no such split"])
def test_without_a_validation_split_there_are_no_validation_figures(tmp_path, split):
    train(tiny_context(tmp_path / "classifier", "classifier", settings(epochs=1, validation_split=split)))
    assert not any(name.startswith("val_ap") for row in read(tmp_path / "classifier") for name in row)


def test_weights_given_as_a_folder_start_the_backbone_but_not_the_head(tmp_path):
    train(tiny_context(tmp_path / "first", "classifier", settings()))
    context = tiny_context(tmp_path / "second", "classifier", settings(weights=str(tmp_path / "first"), dropout=0.3))
    network, _ = load_network(tmp_path / "first")
    task = PsaClassifierTask(context.typed_settings(PsaClassifierSettings), context)
    ours, theirs = task.network.state_dict(), network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name.startswith("backbone."))
    assert not torch.equal(ours["fc8.weight"], theirs["fc8.weight"])
    assert task.network.get_submodule("drop7").p == 0.3


def test_an_empty_split_is_a_clear_error(tmp_path):
    context = tiny_context(tmp_path / "classifier", "classifier", settings())
    object.__setattr__(context, "splits", ("no such split",))
    with pytest.raises(ValueError, match="no image to train on"):
        train(context)


def test_samples_depend_on_generator_and_image_alone(tmp_path):
    records = write_tiny_data(tmp_path / "data").records
    samples = ClassifierSamples(records, 2, settings(), CAFFE_BGR)
    first, again, other = (samples.sample(1, np.random.default_rng(seed))["image"] for seed in (1, 1, 2))
    assert first.shape == (3, 48, 48)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_what_lies_outside_the_image_has_the_mean_colour(tmp_path):
    records = write_tiny_data(tmp_path / "data").records
    samples = ClassifierSamples(records, 2, settings(longer_side=[20, 20], crop=48), IMAGENET_RGB)
    image_3HW = samples.sample(0, np.random.default_rng(0))["image"]
    inside_HW = (image_3HW != 0).any(dim=0)
    assert int(inside_HW.any(dim=0).sum()) == 20  # columns: the longer side
    assert int(inside_HW.any(dim=1).sum()) == 17  # 40 x 48 becomes 17 x 20
    assert image_3HW[:, ~inside_HW].abs().max() == 0


def test_the_longer_side_takes_both_ends_of_its_range_and_nothing_else(tmp_path):
    records = write_tiny_data(tmp_path / "data").records
    plain = settings(longer_side=[20, 22], crop=48, brightness=0, contrast=0, saturation=0, hue=0)
    samples = ClassifierSamples(records, 2, plain, IMAGENET_RGB)
    sides = set()
    for seed in range(30):
        image_3HW = samples.sample(0, np.random.default_rng(seed))["image"]
        sides.add(int((image_3HW != 0).any(dim=0).any(dim=0).sum()))
    assert sides == {20, 21, 22}


def test_tags_become_ones_at_their_class_and_no_tag_is_a_negative_of_all():
    record = ImageRecord("a", "a.png", 1, 1, ("train",), 0, tags=(1, 3))
    assert tag_vector(record, 4).tolist() == [1, 0, 1, 0]
    assert tag_vector(ImageRecord("b", "b.png", 1, 1, ("train",), 0), 2).tolist() == [0, 0]


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
