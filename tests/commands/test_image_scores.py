"""`wsss predict` labels a photograph as the predictions stage of each method does."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss_core import registry
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import load_network, save_network
from wsss_core.commands.image_scores import scores_of
from wsss_core.commands.predict import label_image
from wsss_core.commands.trained_segmenter import settings_model, trained_segmenter
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segments.bank import FILE_NAME, BankRows, write_bank
from wsss_core.settings.base import SettingsError
from wsss_core.settings.precomputed import PrecomputedLabelsSettings
from wsss_core.stages.context import StageContext

CLASSES = ("cat", "dog")
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
VIEW = {"scales": [1.0], "mirror": False, "crop": 48, "stride": 32, "clusters": [3, 3], "crf": None}
ASKED: dict[str, tuple[str, str, dict[str, object]]] = {
    "multiscale": ("deeplab_v2", "small", {"scales": [1.0], "mirror": True}),
    "one_stage": ("ws_fcn", "small", {"scales": [1.0], "canvas": None}),
    "mask2former": ("mask2former", "swin_mini", {"long_side": 64, "short_side": 32}),
    "pixel_softmax": ("embedding_deeplab", "small", VIEW),
    "segment_retrieval": ("embedding_deeplab", "small", {**VIEW, "neighbours": 3}),
}
"""Method -> architecture, backbone and settings."""


def write_network(folder: Path, architecture: str, backbone: str, method: str) -> Path:
    torch.manual_seed(0)
    card = NetworkCard("segmenter", backbone, CLASSES, IMAGENET_RGB, architecture=architecture)
    network = card.build()
    save_network(folder, card, network.state_dict())
    if method == "segment_bank":
        rng = np.random.default_rng(0)
        vector_ND = rng.normal(size=(30, network.width)).astype(np.float32)
        vector_ND /= np.linalg.norm(vector_ND, axis=1, keepdims=True)
        write_bank(folder / FILE_NAME, [BankRows("a", 1.0, vector_ND, rng.integers(0, 3, 30).astype(np.uint8))])
    about = {"kind": "segmenter", "method": method, "settings": {}, "inputs": {}}
    (folder / "stage.json").write_text(json.dumps(about))
    return folder


def stage_label(results: Path, method: str, settings: dict[str, object]) -> np.ndarray:
    """The label map that the stage's own processor makes."""
    Image.fromarray(IMAGE).save(results / "a.png")
    record = ImageRecord("a", str(results / "a.png"), *IMAGE.shape[:2], ("train",), 0)
    Manifest(("background", *CLASSES), (record,), "none", "none").write(results / "pets/data/manifest.arrow")
    context = StageContext(
        experiment="pets",
        stage="labels",
        kind="predictions",
        method=method,
        settings=settings_model(method).parse(settings, "labels"),
        inputs={"segmenter": results / "pets/net", "data": results / "pets/data"},
        folder=results / "pets/labels",
        splits=("train",),
    )
    module = importlib.import_module(registry.METHODS["predictions"][method].module)
    label_HW: np.ndarray = module.processor(context)(record, {}).label_HW
    return label_HW


@pytest.mark.parametrize(
    ("method", "changes"),
    [
        *((method, {}) for method in ASKED),
        ("pixel_softmax", {"long_side": 44}),
        ("segment_retrieval", {"long_side": 44}),
    ],
)
def test_labels_are_those_of_the_stage(tmp_path: Path, method: str, changes: dict[str, object]) -> None:
    architecture, backbone, settings = ASKED[method]
    settings = {**settings, **changes}
    trained_by = "segment_bank" if method == "segment_retrieval" else architecture
    folder = write_network(tmp_path / "pets/net", architecture, backbone, trained_by)
    (tmp_path / "pets/labels").mkdir()
    about = {"kind": "predictions", "method": method, "settings": settings, "inputs": {"segmenter": "pets/net"}}
    (tmp_path / "pets/labels/stage.json").write_text(json.dumps(about))
    found = trained_segmenter(str(tmp_path / "pets/labels"))
    assert (found.method, found.folder) == (method, folder)
    scores = scores_of(*load_network(folder), folder, found.settings)
    label_HW = label_image(scores, IMAGE)
    np.testing.assert_array_equal(label_HW, stage_label(tmp_path, method, settings))
    assert label_image(scores, IMAGE, tile_px=32).shape == IMAGE.shape[:2]


@pytest.mark.parametrize(
    ("trained_by", "architecture", "backbone", "method"),
    [
        ("deeplab_v1", "deeplab_v1", "small", "multiscale"),
        ("ws_fcn", "ws_fcn", "small", "one_stage"),
        ("published", "one_stage", "small", "one_stage"),
        ("published", "mask2former", "swin_mini", "mask2former"),
        ("published", "deeplab_v2", "small", "multiscale"),
        ("pixel_classifier", "embedding_deeplab", "small", "pixel_softmax"),
        ("published", "embedding_pspnet", "small", "pixel_softmax"),
        ("segment_bank", "embedding_deeplab", "small", "segment_retrieval"),
    ],
)
def test_a_segmenter_without_predictions_is_asked_by_the_method_made_for_it(
    tmp_path: Path, trained_by: str, architecture: str, backbone: str, method: str
) -> None:
    folder = write_network(tmp_path / "pets/net", architecture, backbone, trained_by)
    found = trained_segmenter(str(folder))
    assert (found.method, found.settings_from) == (method, None)
    assert found.settings == settings_model(method).parse({}, "defaults")


def test_a_method_that_cannot_ask_the_network_says_what_it_needs(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "pets/net", "deeplab_v1", "small", "deeplab_v1")
    for method, needed in (("mask2former", "Mask2Former"), ("pixel_softmax", "PixelEmbedding")):
        settings = settings_model(method).parse({}, "defaults")
        with pytest.raises(SettingsError, match=f"{method} need a network {needed}, found DeepLabV1"):
            scores_of(*load_network(folder), folder, settings)
    with pytest.raises(SettingsError, match="PrecomputedLabelsSettings ask no network"):
        scores_of(*load_network(folder), folder, PrecomputedLabelsSettings(folder=str(tmp_path)))


def test_a_stage_of_an_unknown_method_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pets/labels").mkdir(parents=True)
    about = {"kind": "predictions", "method": "guesses", "settings": {}, "inputs": {"segmenter": "pets/net"}}
    (tmp_path / "pets/labels/stage.json").write_text(json.dumps(about))
    with pytest.raises(SettingsError, match="unknown method 'guesses'; run the stage again"):
        trained_segmenter(str(tmp_path / "pets/labels"))
