"""The DeepLab trainings, end to end on generated images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.stage_rows import write_seeds
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.store import load_network
from wsss_core.classifiers import psa
from wsss_core.segmenters import deeplab
from wsss_core.segmenters.task import SegmenterTask
from wsss_core.settings.base import SettingsError
from wsss_core.settings.classifier import PsaClassifierSettings
from wsss_core.settings.segmenter import DeepLabV1Settings, DeepLabV2Settings, DeepLabV3PlusSettings, SegmenterSettings
from wsss_core.training.history import read

TINY = {"network": "small", "crop": 40, "batch": 3, "learning_rate": 0.02, "rescale": [0.75, 1.25]}
ALL = [
    ("deeplab_v1", DeepLabV1Settings),
    ("deeplab_v2", DeepLabV2Settings),
    ("deeplab_v3plus", DeepLabV3PlusSettings),
]


def tiny(model: type[SegmenterSettings], **changes: object) -> SegmenterSettings:
    length = {} if {"steps", "epochs"} & set(changes) else {"epochs": 1}
    return model.parse({**TINY, **length, **changes}, "segmenter")


def train(folder: Path, settings: SegmenterSettings, method: str = "deeplab_v1", **inputs: Path) -> None:
    deeplab.train(replace(tiny_context(folder, "segmenter", settings, **inputs), method=method))


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return write_tiny_data(tmp_path / "data")


@pytest.mark.parametrize(("method", "model"), ALL)
def test_training_on_seeds_learns_and_publishes(tmp_path, manifest, method, model):
    seeds = write_seeds(tmp_path / "seeds", manifest)
    train(tmp_path / "segmenter", tiny(model, epochs=25), method, seeds=seeds)
    epochs = [row for row in read(tmp_path / "segmenter") if row["kind"] == "epoch"]
    assert epochs[-1]["loss"] < 0.6 * epochs[0]["loss"]
    assert epochs[-1]["val_miou"] > 0.5
    assert set(epochs[-1]["val_iou"]) == {"background", "red thing", "green thing"}
    network, card = load_network(tmp_path / "segmenter")
    assert (card.role, card.trained_on["labels"]) == ("segmenter", "seeds")
    assert card.architecture == method
    assert network(torch.zeros(1, 3, 32, 40)).shape[1] == 3


@pytest.mark.parametrize(("method", "model"), ALL)
def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(
    tmp_path, manifest, monkeypatch, method, model
):
    seeds = write_seeds(tmp_path / "seeds", manifest)

    def train_in(folder):
        train(folder, tiny(model, steps=4, checkpoint_every_s=0), method, seeds=seeds)

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, SegmenterTask, fail_at=3)


def test_truth_as_labels_needs_no_seeds_and_says_so_in_the_card(tmp_path):
    settings = tiny(DeepLabV1Settings, labels="truth", loss_at="crop")
    train(tmp_path / "segmenter", settings)
    assert load_network(tmp_path / "segmenter")[1].trained_on["labels"] == "truth"


def test_helper_processes_read_the_seeds_and_change_nothing(tmp_path, manifest):
    seeds = write_seeds(tmp_path / "seeds", manifest)
    for name, workers in (("alone", 0), ("helped", 2)):
        context = tiny_context(tmp_path / name, "segmenter", tiny(DeepLabV1Settings), seeds=seeds)
        deeplab.train(replace(context, method="deeplab_v1", workers=workers))
    alone, helped = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("alone", "helped"))
    assert alone == helped


def test_the_backbone_of_a_classifier_stage_is_the_start_when_it_is_an_input(tmp_path, manifest):
    chosen = PsaClassifierSettings(network="small", longer_side=(32, 40), crop=32, batch=3, epochs=1)
    psa.train(tiny_context(tmp_path / "classifier", "classifier", chosen))
    inputs = {"seeds": write_seeds(tmp_path / "seeds", manifest), "classifier": tmp_path / "classifier"}
    settings = tiny(DeepLabV1Settings)
    task = SegmenterTask(tiny_context(tmp_path / "s", "segmenter", settings, **inputs), settings, "deeplab_v1", {})
    theirs = load_network(tmp_path / "classifier")[0].backbone.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in task.network.backbone.state_dict().items())
    both = tiny(DeepLabV1Settings, weights=str(tmp_path / "classifier"))
    with pytest.raises(ValueError, match=r"`weights`.*and the input `classifier` both name a start"):
        train(tmp_path / "s", both, **inputs)


def test_missing_labels_are_found_before_the_training_starts(tmp_path, manifest):
    seeds = write_seeds(tmp_path / "seeds", manifest, without=["id3"])
    with pytest.raises(ValueError, match=r"1 of 6 training images have no row here, first 'id3'"):
        train(tmp_path / "s", tiny(DeepLabV1Settings), seeds=seeds)
    with pytest.raises(ValueError, match="needs the input `seeds`"):
        train(tmp_path / "s", tiny(DeepLabV1Settings))
    with pytest.raises(FileNotFoundError, match="holds no parts"):
        train(tmp_path / "s", tiny(DeepLabV1Settings), seeds=tmp_path / "none")


def test_truth_wanted_where_none_exists_is_a_clear_error(tmp_path, manifest):
    bare = tuple(type(record)(**{**vars(record), "truth": None}) for record in manifest.records)
    Manifest(manifest.classes, bare, "generated", "tiny").write(tmp_path / "data" / "manifest.arrow")
    with pytest.raises(ValueError, match="6 have none, first 'id0'"):
        train(tmp_path / "s", tiny(DeepLabV1Settings, labels="truth"))


def test_a_batch_of_ignored_pixels_alone_trains_without_nan(tmp_path, manifest):
    settings = tiny(DeepLabV1Settings)
    context = tiny_context(tmp_path / "s", "segmenter", settings, seeds=write_seeds(tmp_path / "seeds", manifest))
    task = SegmenterTask(context, settings, "deeplab_v1", {})
    batch = {"image": torch.randn(2, 3, 40, 40), "label": torch.full((2, 40, 40), 255, dtype=torch.uint8)}
    loss, _ = task.loss(batch)
    loss.backward()
    assert loss.item() == 0
    gradients = [parameter.grad for parameter in task.network.parameters() if parameter.grad is not None]
    assert gradients
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def test_published_lengths_and_rates_are_the_defaults():
    v1, v2, v3 = DeepLabV1Settings(), DeepLabV2Settings(), DeepLabV3PlusSettings()
    assert (v1.steps, v1.batch, v1.learning_rate, v1.momentum, v1.crop) == (20_000, 10, 1e-3, 0.9, 321)
    assert (v3.steps, v3.batch, v3.learning_rate, v3.output_stride, v3.crop) == (30_000, 16, 7e-3, 16, 513)
    assert (v1.weight_decay, v1.power, v1.rescale, v1.mirror, v1.brightness) == (5e-4, 0.9, (0.5, 2.0), True, 0.3)
    assert (v2.steps, v2.batch, v2.learning_rate, v2.momentum, v2.crop) == (20_000, 10, 2.5e-4, 0.9, 321)
    assert (v2.output_stride, v2.weight_decay, v2.new_layer_rate, v2.rescale) == (8, 5e-4, 10, (0.5, 1.5))
    assert v2.brightness == v2.contrast == v2.saturation == v2.hue == 0
    assert DeepLabV1Settings(epochs=3).steps is None


def test_a_range_in_the_wrong_order_is_refused():
    with pytest.raises(SettingsError, match=r"`rescale` must be \[smallest, largest\]"):
        tiny(DeepLabV1Settings, rescale=[2.0, 0.5])


def test_the_training_sees_the_labels_of_both_parts(tmp_path, manifest):
    settings = tiny(DeepLabV1Settings)
    context = tiny_context(tmp_path / "s", "segmenter", settings, seeds=write_seeds(tmp_path / "seeds", manifest))
    samples = SegmenterTask(context, settings, "deeplab_v1", {}).samples
    labels = [samples.sample(index, np.random.default_rng(0))["label"] for index in range(6)]
    assert set(torch.stack(labels).unique().tolist()) == {0, 1, 2, 255}
