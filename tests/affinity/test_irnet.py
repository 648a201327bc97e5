"""Training of IRNet, end to end on generated images, its samples and its mean displacement."""

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.stage_rows import write_affinity_labels, write_ir_labels
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.affinity.irnet import IRNetSamples, IRNetTask, train
from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import load_network, save_network
from wsss_core.data.images import read_image
from wsss_core.networks.irnet import IRNet
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.affinity import IRNetSettings
from wsss_core.settings.base import SettingsError
from wsss_core.training.history import read
from wsss_core.training.label_source import RowSource
from wsss_core.training.optimisers import build_optimiser

TINY = {"network": "small", "crop": 48, "radius": 4, "batch": 3, "epochs": 1, "learning_rate": 0.01}


def settings(**changes: object) -> IRNetSettings:
    return IRNetSettings.parse({**TINY, **changes}, "affinity")


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """Folder with the stages data, labels and classifier."""
    folder = tmp_path_factory.mktemp("stages")
    manifest = write_tiny_data(folder / "data")
    write_ir_labels(folder / "labels", manifest)
    torch.manual_seed(7)
    card = NetworkCard("classifier", "small", manifest.classes[1:], IMAGENET_RGB)
    save_network(folder / "classifier", card, card.build().state_dict())
    return folder


def context(folder, chosen: IRNetSettings, **inputs):
    """Context of a stage in `folder`, beside the others."""
    slots = {"affinity_labels": folder.parent / "labels", "classifier": folder.parent / "classifier", **inputs}
    return tiny_context(folder, "affinity", chosen, **{slot: path for slot, path in slots.items() if path})


def test_training_lowers_the_loss_and_publishes_heads_on_the_backbone_it_started_from(stages):
    train(context(stages / "net", settings(epochs=8)))
    epochs = [row for row in read(stages / "net") if row["kind"] == "epoch"]
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    names = ("positive", "negative", "displacement_foreground", "displacement_background")
    assert epochs[0]["loss"] == pytest.approx(sum(epochs[0][f"loss_{name}"] for name in names) / 2, rel=1e-4)
    network, card = load_network(stages / "net")
    assert (card.role, card.architecture, card.backbone) == ("affinity", "irnet", "small")
    assert isinstance(network, IRNet)
    start = load_network(stages / "classifier")[0].state_dict()
    backbone = {name: value for name, value in network.state_dict().items() if name.startswith("backbone.")}
    assert backbone
    assert all(torch.equal(value, start[name]) for name, value in backbone.items())


def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(stages, monkeypatch):
    chosen = settings(epochs=2, checkpoint_every_s=0)

    def train_in(folder):
        train(context(folder, chosen))

    assert_resumes_exactly(stages, monkeypatch, train_in, IRNetTask, fail_at=4)


def test_displacement_heads_learn_at_ten_times_the_rate_of_boundary_heads_and_the_backbone_not_at_all(stages):
    task = IRNetTask(settings(), context(stages / "net", settings()))
    edge, displacement = build_optimiser(task.network, task.parameter_groups(), settings()).param_groups
    assert (edge["lr"], displacement["lr"]) == pytest.approx((0.01, 0.1))
    assert edge["weight_decay"] == displacement["weight_decay"] == 1e-4
    task.start_training_mode()
    assert not any(module.training for module in task.network.backbone.modules())
    assert not any(parameter.requires_grad for parameter in task.network.backbone.parameters())


def corners(records) -> torch.Tensor:
    """Normalised images at the top left of a canvas of zeros."""
    crops = torch.zeros(len(records), 3, 48, 48)
    for crop, record in zip(crops, records, strict=True):
        crop[:, : record.height, : record.width] = torch.from_numpy(IMAGENET_RGB(read_image(record.file)))
    return crops


@pytest.mark.parametrize(("batch", "counted"), [(3, 6), (4, 4), (6, 6), (32, 6)])
def test_the_mean_displacement_is_over_top_left_crops_in_full_batches(stages, batch, counted):
    task = IRNetTask(settings(batch=batch), context(stages / "net", settings(batch=batch)))
    task.network.mean_shift.running_mean.copy_(torch.tensor([5.0, 6.0]))
    found = task.mean_displacement()
    crops = corners(Manifest.read(stages / "data").select(["train"])[:counted])
    with torch.inference_mode():
        _, displacement = task.network.train()(crops)
    torch.testing.assert_close(found, displacement.mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_the_published_network_subtracts_the_mean_displacement_of_the_split_asked_for(stages):
    train(context(stages / "shifted", settings(mean_split="val", batch=2)))
    network, _ = load_network(stages / "shifted")
    assert isinstance(network, IRNet)
    with torch.inference_mode():
        _, displacement = network(corners(Manifest.read(stages / "data").select(["val"])))
    assert network.mean_shift.running_mean.abs().min() > 1e-3
    torch.testing.assert_close(displacement.mean(dim=(0, 2, 3)), torch.zeros(2), rtol=0, atol=1e-5)


def test_a_sample_has_its_labels_on_the_grid_of_the_outputs_and_nothing_outside_of_the_image(stages):
    manifest = Manifest.read(stages / "data")
    labels = RowSource(stages / "labels", "affinity_labels", IrLabelRow)
    chosen = settings(rescale=(1.0, 1.0), mirror=False, crop=50)
    sample = IRNetSamples(manifest.records, labels, 3, chosen, IMAGENET_RGB).sample(3, np.random.default_rng(0))
    assert sample["image"].shape == (3, 50, 50)
    assert sample["label"].shape == (13, 13)
    assert sample["label"].dtype == torch.uint8
    assert {0, 2, 255} == set(sample["label"].unique().tolist())
    outside_HW = (sample["image"] == 0).all(dim=0)
    assert int(outside_HW.sum()) == 50 * 50 - 36 * 36


def test_labels_of_another_method_and_missing_labels_are_found_before_the_training_starts(stages):
    manifest = Manifest.read(stages / "data")
    other = write_affinity_labels(stages / "other", manifest)
    with pytest.raises(TypeError, match="expected rows IrLabelRow of ir_label, found AffinityLabelRow of crf_pair"):
        train(context(stages / "none", settings(), affinity_labels=other))
    fewer = write_ir_labels(stages / "fewer", manifest, without=["id1"])
    with pytest.raises(ValueError, match="1 of 6 training images have no row here, first 'id1'"):
        train(context(stages / "none", settings(), affinity_labels=fewer))


def test_a_backbone_without_a_start_and_a_split_without_images_are_refused(stages):
    with pytest.raises(ValueError, match="expected the setting `weights` or the input `classifier`, found neither"):
        train(context(stages / "none", settings(), classifier=None))
    with pytest.raises(ValueError, match="`mean_split` 'test' has no image; name another split"):
        train(context(stages / "none", settings(mean_split="test")))


def test_published_settings_are_the_default():
    published = IRNetSettings()
    assert (published.network, published.crop, published.radius, published.rescale) == ("resnet50", 512, 10, (0.5, 1.5))
    assert (published.batch, published.epochs) == (32, 3)
    assert (published.learning_rate, published.new_layer_rate) == (0.1, 10)
    assert (published.momentum, published.weight_decay) == (1e-4, 1e-4)
    assert (published.schedule, published.power) == ("poly", 0.9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rescale": (1.5, 0.5)}, r"`rescale` must be \[smallest, largest\], found \[1.5, 0.5\]"),
        ({"crop": 72, "radius": 10}, "grid of 18 cells.*at least 73"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        settings(**changes)
    assert settings(crop=73, radius=10).crop == 73
