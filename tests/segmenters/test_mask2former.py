"""Mask2Former trained end to end on generated images, and its predictions."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.stage_rows import write_seeds
from training.tiny_data import tiny_context, write_tiny_data
from training.torchrun import torchrun

from wsss_core.checkpoints.store import load_network
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.predictions import mask2former as predictions
from wsss_core.segmenters import deeplab, mask2former
from wsss_core.segmenters.mask2former import Mask2FormerTask
from wsss_core.settings.mask2former import Mask2FormerPredictionsSettings, Mask2FormerSettings
from wsss_core.settings.segmenter import DeepLabV1Settings
from wsss_core.training.history import read

SCRIPT = Path(__file__).with_name("mask2former_training.py")
TINY = {"network": "swin_mini", "crop": 32, "short_side": 32, "long_side": 128, "points": 64, "batch": 3}


def tiny(**changes: object) -> Mask2FormerSettings:
    return Mask2FormerSettings.parse({**TINY, **changes}, "segmenter")


def train(folder: Path, settings: Mask2FormerSettings, **inputs: Path) -> None:
    mask2former.train(tiny_context(folder, "segmenter", settings, **inputs))


def test_training_on_seeds_lowers_the_loss_and_is_published_and_predicts(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    seeds = write_seeds(tmp_path / "seeds", manifest)
    quick = {"learning_rate": 1e-3, "gradient_norm": None, "backbone_rate": 1.0, "rescale": [0.9, 1.1]}
    train(tmp_path / "segmenter", tiny(epochs=10, validate_every_epochs=10, **quick), seeds=seeds)
    epochs = [row for row in read(tmp_path / "segmenter") if row["kind"] == "epoch"]
    assert epochs[-1]["loss"] < 0.85 * epochs[0]["loss"]
    assert set(epochs[-1]["val_iou"]) == {"background", "red thing", "green thing"}
    network, card = load_network(tmp_path / "segmenter")
    assert isinstance(network, Mask2Former)
    assert (card.architecture, card.backbone, card.trained_on["labels"]) == ("mask2former", "swin_mini", "seeds")
    settings = Mask2FormerPredictionsSettings(long_side=128, short_side=32, confidence=True)
    context = tiny_context(tmp_path / "predictions", "predictions", settings, segmenter=tmp_path / "segmenter")
    record = manifest.records[0]
    row = predictions.processor(context)(record, {})
    assert row.label_HW.shape == row.confidence_HW.shape == (record.height, record.width)
    assert set(np.unique(row.label_HW)) <= {0, 1, 2}


def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(tmp_path, monkeypatch):
    seeds = write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data"))

    def train_in(folder):
        train(folder, tiny(steps=4, checkpoint_every_s=0, validation_split=None), seeds=seeds)

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, Mask2FormerTask, fail_at=3)


def test_bfloat16_trains_nearly_as_float32_does(tmp_path):
    seeds = write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data"))
    losses = {}
    for precision in ("float32", "bfloat16"):
        train(tmp_path / precision, tiny(steps=2, precision=precision, validation_split=None), seeds=seeds)
        losses[precision] = [row["loss"] for row in read(tmp_path / precision)]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)
    assert losses["bfloat16"] != losses["float32"]


@pytest.mark.slow
def test_two_processes_train_together(tmp_path):
    seeds = write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data"))
    values = {**TINY, "batch": 4, "steps": 2, "validation_split": None, "rescale": [1, 1]}
    done = torchrun(SCRIPT, tmp_path / "two", seeds, json.dumps(values))
    assert done.returncode == 0, done.stderr
    train(tmp_path / "one", Mask2FormerSettings.parse({**values, "accumulate": 2}, "segmenter"), seeds=seeds)
    two, one = ([row["loss"] for row in read(tmp_path / name)] for name in ("two", "one"))
    assert two == pytest.approx(one, rel=0.05)  # the points at which masks are compared are drawn apart
    assert isinstance(load_network(tmp_path / "two")[0], Mask2Former)


def test_the_backbone_learns_at_a_tenth_and_norms_do_not_decay(tmp_path):
    write_tiny_data(tmp_path / "data")
    task = Mask2FormerTask(
        tiny_context(tmp_path / "segmenter", "segmenter", tiny(labels="truth")), tiny(labels="truth")
    )
    assert [tuple(rule) for rule in task.group_rules()] == [(0.1, True), (0.1, False), (1.0, True), (1.0, False)]


@pytest.mark.parametrize(("padding", "value"), [("black", -2.1179), ("mean", 0.0)])
def test_pixels_beyond_the_image_are_black_or_of_the_mean_colour(tmp_path, padding, value):
    write_tiny_data(tmp_path / "data")
    settings = tiny(labels="truth", padding=padding, crop=64)
    task = Mask2FormerTask(tiny_context(tmp_path / "segmenter", "segmenter", settings), settings)
    sample = task.samples.sample(0, np.random.default_rng(1))
    outside = sample["label"] == 255
    assert outside.any()
    torch.testing.assert_close(sample["image"][0][outside], torch.full((int(outside.sum()),), value), rtol=0, atol=1e-3)


def test_predictions_refuse_networks_of_other_kinds_and_classes(tmp_path):
    seeds = write_seeds(tmp_path / "seeds", write_tiny_data(tmp_path / "data"))
    small = DeepLabV1Settings.parse({"network": "small", "crop": 40, "batch": 3, "steps": 1}, "segmenter")
    context = tiny_context(tmp_path / "deeplab", "segmenter", small, seeds=seeds)
    deeplab.train(replace(context, method="deeplab_v1"))
    settings = Mask2FormerPredictionsSettings()
    with pytest.raises(ValueError, match=r"is a deeplab_v1, expected mask2former; use the method `multiscale`"):
        predictions.processor(tiny_context(tmp_path / "p", "predictions", settings, segmenter=tmp_path / "deeplab"))


def test_a_factor_range_in_the_wrong_order_is_refused():
    with pytest.raises(ValueError, match=r"`rescale` must be \[smallest, largest\], found \[2.0, 0.5\]"):
        tiny(rescale=(2.0, 0.5))
