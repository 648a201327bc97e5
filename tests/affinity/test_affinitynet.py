"""Training of AffinityNet, end to end on generated images, and its samples."""

import numpy as np
import pytest
import torch
from training.broken_training import assert_resumes_exactly
from training.stage_rows import affinity_row, write_affinity_labels
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.affinity.affinitynet import AffinityNetTask, AffinitySamples, joint_crop, stacked_scores, train
from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.checkpoints.store import load_network
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.affinity import AffinityNetSettings
from wsss_core.settings.base import SettingsError
from wsss_core.training.history import read
from wsss_core.training.label_source import RowSource

TINY = {"network": "small", "crop": 72, "batch": 3, "epochs": 1, "learning_rate": 0.02, "momentum": 0.9}
PLAIN = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}


def settings(**changes: object) -> AffinityNetSettings:
    return AffinityNetSettings.parse({**TINY, **changes}, "affinity")


@pytest.fixture
def labels(tmp_path):
    return write_affinity_labels(tmp_path / "affinity_labels", write_tiny_data(tmp_path / "data"))


@pytest.mark.parametrize("train_backbone", [True, False])
def test_training_lowers_the_loss_and_publishes(tmp_path, labels, train_backbone):
    chosen = settings(epochs=20, train_backbone=train_backbone)
    train(tiny_context(tmp_path / "affinity", "affinity", chosen, affinity_labels=labels))
    epochs = [row for row in read(tmp_path / "affinity") if row["kind"] == "epoch"]
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    parts = 0.25 * epochs[0]["loss_background"] + 0.25 * epochs[0]["loss_foreground"] + 0.5 * epochs[0]["loss_negative"]
    assert epochs[0]["loss"] == pytest.approx(parts, rel=1e-4)
    network, card = load_network(tmp_path / "affinity")
    assert (card.role, card.backbone) == ("affinity", "small")
    assert network(torch.zeros(1, 3, 40, 40)).shape == (1, 448, 5, 5)


def test_a_backbone_that_does_not_learn_keeps_every_byte(tmp_path, labels):
    context = tiny_context(tmp_path / "affinity", "affinity", settings(train_backbone=False), affinity_labels=labels)
    torch.manual_seed(context.seed)
    before = AffinityNetTask(settings(train_backbone=False), context).network.state_dict()
    train(context)
    after = load_network(tmp_path / "affinity")[0].state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if name.startswith("backbone."))
    assert not torch.equal(after["f9.weight"], before["f9.weight"])


def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(tmp_path, labels, monkeypatch):
    chosen = settings(epochs=2, checkpoint_every_s=0, optimiser="adam", learning_rate=1e-3)

    def train_in(folder):
        train(tiny_context(folder, "affinity", chosen, affinity_labels=labels))

    assert_resumes_exactly(tmp_path, monkeypatch, train_in, AffinityNetTask, fail_at=4)


def test_images_without_labels_are_found_before_the_training_starts(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    labels = write_affinity_labels(tmp_path / "affinity_labels", manifest, without=["id1", "id4"])
    with pytest.raises(ValueError, match="2 of 6 training images have no row here, first 'id1'"):
        train(tiny_context(tmp_path / "affinity", "affinity", settings(), affinity_labels=labels))


def test_a_sample_has_targets_of_34_offsets_and_black_outside(tmp_path, labels):
    manifest = Manifest.read(tmp_path / "data")
    source = RowSource(labels, "affinity_labels", AffinityLabelRow)
    samples = AffinitySamples(manifest.records, source, settings(**PLAIN), IMAGENET_RGB)
    sample = samples.sample(0, np.random.default_rng(0))
    assert sample["image"].shape == (3, 72, 72)
    targets = [sample[name] for name in ("background", "foreground", "negative")]
    assert all(target.shape == (34, 5 * 1) and target.dtype == torch.bool for target in targets)
    assert int(torch.stack(targets).sum(0).max()) <= 1
    black = torch.from_numpy(IMAGENET_RGB(np.zeros((1, 1, 3), np.uint8)))
    outside_HW = (sample["image"] == black).all(dim=0)
    assert int(outside_HW.sum()) >= 72 * 72 - 40 * 48


def test_image_and_scores_are_cropped_and_mirrored_together(tmp_path):
    record = write_tiny_data(tmp_path).records[0]
    row = affinity_row(record)
    scores_HWK = stacked_scores(row, record)
    image_HW3 = np.repeat((row.low_KHW[1] > 0.5)[:, :, None] * np.uint8(200), 3, axis=2)
    for seed in range(6):
        image, scores = joint_crop(image_HW3, scores_HWK, settings(**PLAIN), np.random.default_rng(seed))
        assert scores.shape == (72, 72, 4)
        assert ((image[:, :, 0] == 200) == (scores[:, :, 1] > 0.5)).all()
        assert (scores[:, :, :2] == scores[:, :, 2:]).all()


def test_an_image_without_tags_gives_background_pairs_only(tmp_path):
    manifest = write_tiny_data(tmp_path / "data")
    labels = write_affinity_labels(tmp_path / "labels", manifest)
    source = RowSource(labels, "affinity_labels", AffinityLabelRow)
    untagged = [record for record in manifest.records if not record.tags]
    samples = AffinitySamples(untagged, source, settings(), IMAGENET_RGB)
    sample = [samples.sample(0, np.random.default_rng(seed)) for seed in range(12)]
    assert any(bool(one["background"].any()) for one in sample)
    assert not any(bool(one["foreground"].any() or one["negative"].any()) for one in sample)


def test_labels_of_another_size_are_refused_with_the_image(tmp_path):
    record = write_tiny_data(tmp_path).records[0]
    grown = type(record)(**{**vars(record), "height": record.height + 1})
    with pytest.raises(ValueError, match=r"'id0': expected affinity labels \(2, 41, 48\)"):
        stacked_scores(affinity_row(record), grown)


def test_a_crop_too_small_for_any_pair_is_refused_with_the_smallest_that_works():
    with pytest.raises(SettingsError, match=r"grid of 8 cells.*at least 65"):
        settings(crop=64)
    assert settings(crop=65).crop == 65


def test_a_backbone_of_another_stride_is_refused(tmp_path, labels, monkeypatch):
    monkeypatch.setattr("wsss_core.affinity.affinitynet.STRIDE", 16)
    with pytest.raises(ValueError, match="needs a backbone of stride 16"):
        train(tiny_context(tmp_path / "affinity", "affinity", settings(), affinity_labels=labels))


def test_published_settings_are_the_default():
    published = AffinityNetSettings()
    assert (published.batch, published.epochs, published.crop, published.radius) == (8, 8, 448, 5)
    assert (published.learning_rate, published.momentum, published.train_backbone) == (0.1, 5e-4, True)
