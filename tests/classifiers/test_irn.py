"""Training of the IRN classifier, end to end on generated images, and the published recipe."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training.tiny_data import tiny_context

from wsss_core.checkpoints.store import load_network
from wsss_core.classifiers.irn import augment, irn_task, train
from wsss_core.data.augment import mirror, rescale_longer_side
from wsss_core.networks.irn_classifier import IrnClassifier
from wsss_core.settings.base import SettingsError
from wsss_core.settings.classifier import IrnClassifierSettings
from wsss_core.training.history import read
from wsss_core.training.optimisers import build_optimiser

TINY = {"network": "resnet18", "longer_side": [32, 64], "crop": 48, "batch": 3, "epochs": 1, "validation_crop": 50}


def settings(**changes: object) -> IrnClassifierSettings:
    return IrnClassifierSettings.parse({**TINY, **changes}, "classifier")


def test_training_publishes_a_network_of_stride_16_that_is_built_again_from_its_card(tmp_path):
    chosen = settings(epochs=6, optimiser="adamw", learning_rate=1e-3, momentum=0.9, new_layer_rate=1)
    train(tiny_context(tmp_path / "classifier", "classifier", chosen))
    network, card = load_network(tmp_path / "classifier")
    assert isinstance(network, IrnClassifier)
    assert (card.role, card.architecture, card.backbone) == ("classifier", "irn", "resnet18")
    assert card.options == {"output_stride": 16, "dilate": False}
    assert network.stride == 16
    losses = [row["loss"] for row in read(tmp_path / "classifier") if row["kind"] == "epoch"]
    assert losses[-1] < losses[0]
    assert "val_map" in read(tmp_path / "classifier")[-1]


def test_a_start_from_weights_trains_layer3_layer4_and_the_head_only(tmp_path):
    train(tiny_context(tmp_path / "first", "classifier", settings()))
    context = tiny_context(tmp_path / "second", "classifier", settings(weights=str(tmp_path / "first")))
    train(context)
    before, after = (load_network(tmp_path / name)[0].state_dict() for name in ("first", "second"))
    changed = {name.split(".")[1] for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"layer3", "layer4", "weight"}
    assert not any("running" in name for name in after if not torch.equal(after[name], before[name]))


def test_optimiser_has_the_published_rates_decays_and_momentum(tmp_path):
    chosen = settings(crop=32)
    task = irn_task(chosen, tiny_context(tmp_path / "classifier", "classifier", chosen))
    groups = build_optimiser(task.network, task.parameter_groups(), chosen).param_groups
    used = [(group["lr"], group["weight_decay"], group["momentum"]) for group in groups if group["params"]]
    assert used == [(0.1, 1e-4, 1e-4), (1.0, 1e-4, 1e-4)]


@given(st.tuples(st.integers(2, 60), st.integers(2, 60)), st.integers(0, 1000))
def test_augmentation_is_a_resize_and_perhaps_a_mirror_nothing_else(size_hw, seed):
    image = np.random.default_rng(seed).integers(0, 256, (*size_hw, 3)).astype(np.uint8)
    found = augment(settings(), image, np.random.default_rng(seed))
    resized = rescale_longer_side(image, max(found.shape))
    assert 32 <= max(found.shape) <= 64
    assert np.array_equal(found, resized) or np.array_equal(found, mirror(resized))


def test_without_mirroring_the_picture_keeps_its_sides():
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 20:] = 255
    for seed in range(8):
        found = augment(settings(mirror=False), image, np.random.default_rng(seed))
        assert found[:, 0].mean() < found[:, -1].mean()


def test_the_published_recipe_is_the_default():
    published = IrnClassifierSettings()
    assert (published.network, published.crop, published.longer_side) == ("resnet50", 512, (320, 640))
    assert (published.batch, published.epochs, published.learning_rate) == (16, 5, 0.1)
    assert (published.momentum, published.weight_decay, published.power) == (1e-4, 1e-4, 0.9)
    assert (published.new_layer_rate, published.validation_crop, published.schedule) == (10.0, 512, "poly")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "vgg16"}, "'network'.*resnet18"),
        ({"hue": 0.1}, "unknown key 'hue'"),
        ({"longer_side": [64, 32]}, r"`longer_side` must be \[smallest, largest\]"),
    ],
)
def test_wrong_settings_are_refused_in_plain_words(change, message):
    with pytest.raises(SettingsError, match=message):
        settings(**change)
