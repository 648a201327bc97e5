"""The trainings from tags alone, end to end on generated images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.checkpoints.store import load_network
from wsss_core.segmenters import one_stage
from wsss_core.segmenters.one_stage import OneStageTask, foreground_area, stride_options
from wsss_core.settings.base import SettingsError
from wsss_core.settings.one_stage import (
    OneStageCamSettings,
    OneStageSettings,
    OneStageTrainingSettings,
    WsFcnSettings,
)
from wsss_core.training.history import read
from wsss_core.training.optimisers import build_optimiser

TINY = {"network": "small", "crop": 40, "batch": 3, "optimiser": "adamw", "learning_rate": 0.002, "new_layer_rate": 1}
ALL = [("ws_fcn", WsFcnSettings), ("one_stage", OneStageSettings), ("one_stage_cam", OneStageCamSettings)]


def tiny(model: type[OneStageTrainingSettings], **changes: object) -> OneStageTrainingSettings:
    return model.parse({**TINY, "epochs": 1, **changes}, "segmenter")


def task_of(folder: Path, settings: OneStageTrainingSettings, architecture: str = "ws_fcn") -> OneStageTask:
    return OneStageTask(tiny_context(folder / "segmenter", "segmenter", settings), settings, architecture)


def train(folder: Path, settings: OneStageTrainingSettings, method: str) -> None:
    one_stage.train(replace(tiny_context(folder, "segmenter", settings), method=method))


@pytest.mark.parametrize(("method", "model"), ALL)
def test_training_on_tags_learns_and_publishes(tmp_path, method, model):
    changes = {} if method == "one_stage_cam" else {"classification_epochs": 20}
    train(tmp_path / "segmenter", tiny(model, epochs=24, validate_every_epochs=24, **changes), method)
    epochs = [row for row in read(tmp_path / "segmenter") if row["kind"] == "epoch"]
    assert np.mean([row["loss_cls"] for row in epochs[15:20]]) < 0.7 * epochs[0]["loss_cls"]
    assert "val_miou" in epochs[-1]
    with_masks = [number for number, row in enumerate(epochs) if "loss_mask" in row]
    assert with_masks == ([] if method == "one_stage_cam" else [20, 21, 22, 23])
    network, card = load_network(tmp_path / "segmenter")
    assert (card.role, card.architecture, card.trained_on["labels"]) == ("segmenter", method, "tags")
    assert network(torch.zeros(1, 3, 32, 40)).shape[1] == 3


@pytest.mark.parametrize("method", ["ws_fcn", "one_stage"])
def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(tmp_path, monkeypatch, method):
    write_tiny_data(tmp_path / "data")

    def train_in(folder):
        settings = tiny(WsFcnSettings, epochs=None, steps=4, checkpoint_every_s=0, classification_epochs=1)
        train(folder, settings, method)

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, OneStageTask, fail_at=3)


def test_the_mask_loss_counts_from_its_epoch_on(tmp_path):
    task = task_of(tmp_path, tiny(WsFcnSettings, classification_epochs=2))
    task.network.eval()
    generator = np.random.default_rng(0)
    samples = [task.samples.sample(index, generator) for index in (0, 1)]
    batch = {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}
    losses = {}
    for task.epoch in (0, 1, 2, 3):
        loss, figures = task.loss(batch)
        losses[task.epoch] = loss.item()
        assert ("loss_mask" in figures) == (task.epoch >= 2)
        assert loss.item() == pytest.approx(figures["loss_cls"] + figures.get("loss_mask", 0.0), rel=1e-5)
    assert losses[0] == losses[1]
    assert task_of(tmp_path, tiny(WsFcnSettings, classification_epochs=0)).learns_masks
    assert not task_of(tmp_path, tiny(OneStageCamSettings)).learns_masks


def test_a_sample_has_its_tags_and_its_colours(tmp_path):
    task = task_of(tmp_path, tiny(WsFcnSettings))
    sample = task.samples.sample(1, np.random.default_rng(0))
    assert sample["tags"].tolist() == [0.0, 1.0]
    assert (sample["rgb"].dtype, tuple(sample["rgb"].shape)) == (torch.uint8, (3, 40, 40))
    normalised = task.network.normalisation(sample["rgb"].permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(sample["image"].numpy(), normalised)
    assert task.samples.sample(5, np.random.default_rng(0))["tags"].sum() == 0


@pytest.mark.parametrize(
    ("model", "network", "rates"),
    [
        (WsFcnSettings, "resnet38", (1, 2, 20, 40)),
        (WsFcnSettings, "vgg16", (1, 2, 20, 40)),
        (WsFcnSettings, "resnet50", (1, 1, 20, 10)),
        (OneStageSettings, "resnet38", (1, 2, 10, 20)),
        (OneStageSettings, "resnet101", (1, 1, 10, 10)),
    ],
)
def test_rates_of_the_four_groups_are_the_published_ones(model, network, rates):
    task = OneStageTask.__new__(OneStageTask)
    task.settings = model(network=network)
    rules = task.group_rules()
    assert tuple(rule.rate for rule in rules) == rates
    assert [rule.decays for rule in rules] == [True, False, True, False]


def test_rates_may_be_chosen_and_reach_the_optimiser(tmp_path):
    settings = tiny(WsFcnSettings, bias_rate=3, new_bias_rate=7, learning_rate=0.5)
    task = task_of(tmp_path, settings)
    optimiser = build_optimiser(task.network, task.parameter_groups(), settings, task.group_rules())
    assert [group["lr"] for group in optimiser.param_groups] == [0.5, 1.5, 0.5, 3.5]


def test_published_constants_are_the_defaults():
    ours, parent, baseline = WsFcnSettings(), OneStageSettings(), OneStageCamSettings()
    assert (ours.epochs, ours.classification_epochs, ours.new_layer_rate) == (31, 7, 20)
    assert (parent.epochs, parent.classification_epochs, parent.new_layer_rate) == (25, 5, 10)
    assert (baseline.epochs, baseline.classification_epochs) == (6, None)
    for settings in (ours, parent, baseline):
        assert (settings.network, settings.crop, settings.batch, settings.learning_rate) == ("resnet38", 321, 16, 1e-3)
        assert (settings.schedule, settings.optimiser, settings.momentum) == ("constant", "sgd", 0.9)
        assert (settings.weight_decay, settings.area, settings.focal_lambda) == (5e-4, (0.9, 1.0), 0.01)
        labels = settings.pseudo_labels
        assert (labels.iterations, labels.dilations) == (10, (1, 2, 4, 8, 12, 24))
        assert (labels.background_share, labels.foreground_share, labels.lowest) == (0.7, 0.6, 0.2)


def test_a_whole_network_is_trained_on_from_where_it_was(tmp_path):
    first = tiny(WsFcnSettings)
    train(tmp_path / "segmenter", first, "ws_fcn")
    settings = tiny(WsFcnSettings, weights=str(tmp_path / "segmenter"), whole_network=True, freeze=False)
    state = task_of(tmp_path, settings).network.state_dict()
    theirs = load_network(tmp_path / "segmenter")[0].state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in state.items())
    with pytest.raises(ValueError, match="does not fit this network"):
        task_of(tmp_path, settings, "one_stage")


def test_settings_that_do_not_go_together_are_refused():
    with pytest.raises(SettingsError, match="`whole_network` needs `weights`"):
        tiny(WsFcnSettings, whole_network=True)
    with pytest.raises(SettingsError, match=r"`area` must be \[smallest, largest\]"):
        tiny(WsFcnSettings, area=[1.0, 0.9])
    with pytest.raises(SettingsError, match="classification_epochs"):
        tiny(OneStageCamSettings, classification_epochs=3)
    with pytest.raises(ValueError, match="resnet38 has 8, found 16"):
        stride_options(WsFcnSettings(output_stride=16))
    assert stride_options(WsFcnSettings(network="vgg16", output_stride=8)) == {"output_stride": 8}
    assert stride_options(WsFcnSettings(output_stride=8)) == stride_options(WsFcnSettings()) == {}


def test_an_architecture_that_needs_labels_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"'deeplab_v1' to be one-stage, found DeepLabV1"):
        task_of(tmp_path, tiny(WsFcnSettings), "deeplab_v1")


def test_area_is_the_mean_mask_of_the_tags():
    scores = torch.zeros(2, 3, 4, 4)
    scores[0, 1] = 50.0
    tags = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    torch.testing.assert_close(foreground_area(scores, tags), torch.tensor([0.5, 0.0]))
