"""The per-image processors of the chain cams -> CRF labels -> refined cams, on a tiny network and awkward sizes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss_core.affinity import crf_pair, random_walk
from wsss_core.affinity.pairs import pair_affinity
from wsss_core.affinity.random_walk import padded_hw
from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams import multiscale
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.network import Network
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.affinity_labels import CrfPairSettings
from wsss_core.settings.base import Settings
from wsss_core.settings.cams import MultiscaleCamsSettings
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.refined_cams import RandomWalkSettings
from wsss_core.stages.context import StageContext

SIZE = (77, 131)


@pytest.fixture
def record(tmp_path: Path) -> ImageRecord:
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    file = tmp_path / "picture.png"
    Image.fromarray(pixels).save(file)
    return ImageRecord("picture", str(file), *SIZE, splits=("train",), part=0, tags=(1, 3))


def publish(folder: Path, role: str, classes: tuple[str, ...]) -> Network:
    torch.manual_seed(0)
    card = NetworkCard(role, "small", classes, IMAGENET_RGB)  # type: ignore[arg-type]
    network = card.build()
    save_network(folder, card, network.state_dict())
    return network.eval()


def context(settings: Settings, inputs: dict[str, Path], kind: str) -> StageContext:
    return StageContext("e", "s", kind, "m", settings, inputs, Path("unused"), ("train",))


def cam_row(class_ids: list[int], normalise: bool = True) -> CamRow:
    grid = np.random.default_rng(1).uniform(0, 1, (len(class_ids), 10, 17)).astype(np.float32)
    return CamRow("picture", SIZE, np.array(class_ids, np.int32), (grid,), SIZE, normalise)


def test_cams_are_made_for_the_tags_of_the_record(record: ImageRecord, tmp_path: Path) -> None:
    network = publish(tmp_path / "net", "classifier", ("a", "b", "c"))
    settings = MultiscaleCamsSettings(scales=(1.0, 0.5))
    process = multiscale.processor(context(settings, {"classifier": tmp_path / "net"}, "cams"))
    row = process(record, {})
    assert isinstance(row, CamRow)
    assert row.class_ids.tolist() == [1, 3]
    assert (row.size_hw, row.canvas_hw, row.normalise, len(row.maps)) == (SIZE, SIZE, True, 2)
    assert row.scores().shape == (2, *SIZE)
    image = torch.from_numpy(network.normalisation(np.asarray(Image.open(record.file))))[None]
    with torch.inference_mode():
        expected = network.cam(image)[0, [0, 2]] + network.cam(image.flip(-1))[0, [0, 2]].flip(-1)  # type: ignore[operator]
    np.testing.assert_allclose(row.maps[0], expected.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "canvas", "expected_hw"),
    [("psa", None, SIZE), ("psa", "cells", (80, 136)), ("irn", None, (80, 144)), ("irn", "image", SIZE)],
)
def test_canvas_of_the_cams_follows_the_classifier_or_the_setting(
    record: ImageRecord, tmp_path: Path, architecture: str, canvas: str | None, expected_hw: tuple[int, int]
) -> None:
    backbone = "small" if architecture == "psa" else "resnet18"
    card = NetworkCard("classifier", backbone, ("a", "b", "c"), IMAGENET_RGB, architecture=architecture)
    save_network(tmp_path / "net", card, card.build().state_dict())
    settings = MultiscaleCamsSettings.parse({"scales": [1.0, 0.5], "canvas": canvas}, "cams")
    row = multiscale.processor(context(settings, {"classifier": tmp_path / "net"}, "cams"))(record, {})
    assert isinstance(row, CamRow)
    assert (row.size_hw, row.canvas_hw) == (SIZE, expected_hw)
    assert row.scores().shape == (2, *SIZE)
    stride = 8 if architecture == "psa" else 16
    assert row.maps[0].shape == (2, -(-SIZE[0] // stride), -(-SIZE[1] // stride))


def test_an_image_without_tags_has_an_empty_row(record: ImageRecord, tmp_path: Path) -> None:
    publish(tmp_path / "net", "classifier", ("a", "b", "c"))
    process = multiscale.processor(context(MultiscaleCamsSettings(), {"classifier": tmp_path / "net"}, "cams"))
    untagged = ImageRecord("picture", record.file, *SIZE, splits=("train",), part=0)
    row = process(untagged, {})
    assert isinstance(row, CamRow)
    assert row.scores().shape == (0, *SIZE)


def test_cams_refuse_an_affinity_network(tmp_path: Path) -> None:
    publish(tmp_path / "net", "affinity", ())
    with pytest.raises(TypeError, match=r"expected a classifier in .*net, found AffinityNet"):
        multiscale.processor(context(MultiscaleCamsSettings(), {"classifier": tmp_path / "net"}, "cams"))


@pytest.mark.parametrize("class_ids", [[1, 3], [], [0, 3]], ids=["two tags", "no tag", "own background"])
def test_crf_labels_have_background_first(record: ImageRecord, class_ids: list[int]) -> None:
    settings = CrfPairSettings(crf=CrfSettings(iterations=1))
    row = crf_pair.processor(context(settings, {}, "affinity_labels"))(record, {"cams": cam_row(class_ids)})
    assert isinstance(row, AffinityLabelRow)
    assert row.class_ids.tolist() == [0, *(label for label in class_ids if label)]
    assert row.low_KHW.shape == row.high_KHW.shape == (len(row.class_ids), *SIZE)
    assert row.low_KHW.dtype == np.float16
    np.testing.assert_allclose(row.low_KHW.astype(np.float32).sum(axis=0), 1, atol=2e-3)


@pytest.mark.parametrize("class_ids", [[1, 3], [], [0, 3]], ids=["two tags", "no tag", "own background"])
def test_refined_cams_have_their_own_background(record: ImageRecord, tmp_path: Path, class_ids: list[int]) -> None:
    publish(tmp_path / "net", "affinity", ())
    settings = RandomWalkSettings(log2_steps=3)
    process = random_walk.processor(context(settings, {"affinity": tmp_path / "net"}, "refined_cams"))
    row = process(record, {"cams": cam_row(class_ids)})
    assert isinstance(row, CamRow)
    assert row.class_ids.tolist() == [0, *(label for label in class_ids if label)]
    assert row.canvas_hw == padded_hw(SIZE) == (80, 136)
    assert row.normalise is False
    assert row.scores().shape == (len(row.class_ids), *SIZE)
    assert np.isfinite(row.scores()).all()


def test_affinity_features_of_the_padded_image_fit_the_pooled_scores(record: ImageRecord, tmp_path: Path) -> None:
    network = publish(tmp_path / "net", "affinity", ())
    with torch.inference_mode():
        features = network(torch.zeros(1, 3, *padded_hw(SIZE)))
    assert features.shape[2:] == (10, 17)
    assert pair_affinity(features, 5).shape == (1, 34, 6 * 9)
