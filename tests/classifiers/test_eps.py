"""Training of the EPS classifier, end to end on generated images with saliency maps."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training.broken_training import assert_resumes_exactly
from training.tiny_data import tiny_context, write_tiny_data

from wsss_core.artifacts import saliency
from wsss_core.artifacts.manifest import Manifest
from wsss_core.artifacts.parts import PartWriter
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.checkpoints.store import load_network
from wsss_core.classifiers.eps import EpsTask, augmented, train
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png
from wsss_core.networks.eps_classifier import EpsClassifier
from wsss_core.networks.normalisation import Normalisation
from wsss_core.settings.base import SettingsError
from wsss_core.settings.classifier import EpsClassifierSettings
from wsss_core.training.history import read

TINY = {"network": "small", "longer_side": [32, 64], "crop": 48, "batch": 3, "epochs": 2, "validation_crop": 50}
AS_IT_IS = Normalisation(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), bgr=False, scale=1 / 255)


def settings(**changes: object) -> EpsClassifierSettings:
    return EpsClassifierSettings.parse({**TINY, **changes}, "classifier")


def write_saliency(folder: Path, manifest: Manifest, without: str = "", wrong_size: str = "") -> Path:
    """The squares of the images as saliency."""
    with PartWriter(folder / "parts" / "train-0.arrow", saliency.SCHEMA) as writer:
        for record in manifest.records:
            map_HW = np.where(read_label_png(str(record.truth)) > 0, np.uint8(255), np.uint8(0))
            if record.image_id == wrong_size:
                map_HW = map_HW[1:]
            if record.image_id != without:
                writer.append(saliency.encode(SaliencyRow(record.image_id, map_HW)))
    return folder


def run(folder: Path, chosen: EpsClassifierSettings, **changes: str) -> None:
    manifest = write_tiny_data(folder.parent / "data")
    maps = write_saliency(folder.parent / "saliency", manifest, **changes)
    train(tiny_context(folder, "classifier", chosen, saliency=maps))


def test_training_publishes_a_network_whose_cams_lie_on_the_salient_squares(tmp_path):
    run(tmp_path / "classifier", settings(epochs=60, optimiser="adamw", learning_rate=4e-3, momentum=0.9))
    network, card = load_network(tmp_path / "classifier")
    assert isinstance(network, EpsClassifier)
    assert (card.role, card.architecture, card.classes) == ("classifier", "eps", ("red thing", "green thing"))
    rows = [row for row in read(tmp_path / "classifier") if row["kind"] == "epoch"]
    assert rows[-1]["loss"] == pytest.approx(rows[-1]["loss_tags"] + rows[-1]["loss_saliency"])
    assert rows[-1]["loss_saliency"] < 0.6 * rows[0]["loss_saliency"]
    assert rows[-1]["val_map"] > 0.9
    record = Manifest.read(tmp_path / "data").records[0]
    cam_Chw = network_cam(network, record.file, record.tags[0])
    assert cam_Chw[1:3, 1:3].mean() > 2 * cam_Chw[4:].mean()


def network_cam(network: EpsClassifier, file: str, label: int) -> np.ndarray:
    x = torch.from_numpy(network.normalisation(read_image(file)))[None]
    with torch.no_grad():
        cam: np.ndarray = network.cam(x)[0, label - 1].numpy()
    return cam


def test_a_training_stopped_in_the_middle_ends_with_the_bytes_of_an_unbroken_one(tmp_path, monkeypatch):
    assert_resumes_exactly(
        tmp_path, monkeypatch, lambda folder: run(folder, settings(checkpoint_every_s=0)), EpsTask, fail_at=3
    )


def test_an_image_without_a_map_is_found_before_the_training_starts(tmp_path):
    with pytest.raises(ValueError, match=r"1 of 6 training images have no row here, first 'id3'"):
        run(tmp_path / "classifier", settings(), without="id3")


def test_a_map_of_another_size_is_refused_with_the_image(tmp_path):
    with pytest.raises(ValueError, match=r"'id2': expected saliency of its size \(48, 33\), found \(47, 33\)"):
        run(tmp_path / "classifier", settings(), wrong_size="id2")


@given(st.tuples(st.integers(8, 40), st.integers(8, 40)), st.integers(8, 48), st.integers(0, 1000))
def test_image_and_map_go_through_the_same_changes(size_hw, crop, seed):
    chosen = settings(crop=crop, longer_side=[10, 50], brightness=0, contrast=0, saturation=0, hue=0)
    rng = np.random.default_rng(seed)
    map_HW = np.repeat(np.repeat(rng.integers(0, 256, (-(-size_hw[0] // 8), -(-size_hw[1] // 8))), 8, 0), 8, 1)
    map_HW = np.ascontiguousarray(map_HW[: size_hw[0], : size_hw[1]].astype(np.uint8))
    image_HW3 = np.repeat(map_HW[:, :, None], 3, axis=2)
    image_3HW, found_HW = augmented(image_HW3, map_HW, chosen, AS_IT_IS, rng)
    assert image_3HW.shape == (3, crop, crop)
    assert found_HW.dtype == np.float32
    np.testing.assert_allclose(image_3HW[0], found_HW, atol=1e-6)


def test_colour_jitter_leaves_the_map_alone():
    image_HW3 = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    map_HW = image_HW3[..., 0].copy()
    chosen = {"crop": 24, "longer_side": [32, 32], "mirror": False}
    plain = {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}
    still, jittered = (
        augmented(image_HW3, map_HW, settings(**chosen, **colours), AS_IT_IS, np.random.default_rng(1))
        for colours in (plain, {"brightness": 1.0})
    )
    assert set(np.unique(jittered[1])) <= set(np.unique(map_HW / np.float32(255)))
    assert not np.allclose(still[0], jittered[0], atol=0.05)


def test_the_published_recipe_is_the_default():
    published = EpsClassifierSettings()
    assert (published.network, published.crop, published.longer_side) == ("resnet38", 448, (256, 512))
    assert (published.batch, published.steps, published.learning_rate) == (8, 20_000, 0.01)
    assert (published.momentum, published.weight_decay, published.power) == (5e-4, 5e-4, 0.9)
    assert (published.overlap_threshold, published.foreground_weight, published.saliency_weight) == (0.4, 0.5, 1.0)
    assert (published.brightness, published.contrast, published.saturation, published.hue) == (0.3, 0.3, 0.3, 0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": 0.4}, "unknown key 'tau'"),
        ({"foreground_weight": 1.5}, "'foreground_weight': input should be less than or equal to 1"),
        ({"epochs": 3, "steps": 4}, "expected either `epochs` or `steps`"),
    ],
)
def test_wrong_settings_are_refused_in_plain_words(change, message):
    with pytest.raises(SettingsError, match=message):
        settings(**change)
