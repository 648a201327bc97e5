import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from tiny_clip import write_clip

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.commands.checks.weights import check_weights, expected_checksum
from wsss_core.networks.factory import build_backbone, build_classifier
from wsss_core.settings.classifier import PsaClassifierSettings, PublishedClassifierSettings
from wsss_core.settings.data import ScenesSettings
from wsss_core.settings.graph import Graph, Stage
from wsss_core.settings.prompts import PromptsSettings

NO_INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def stage(weights: Path | None, network: str = "small") -> Stage:
    settings = PsaClassifierSettings(network=network, weights=weights)  # type: ignore[arg-type]
    return Stage("demo", "classifier", "classifier", "psa", settings, NO_INPUTS, None, 0)


def graph(*stages: Stage) -> Graph:
    return Graph({stage.ref: stage for stage in stages})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "small.pth"
    torch.save(build_classifier("small", 3).state_dict(), path)
    return path


def test_stages_without_weights_are_not_asked(tmp_path: Path) -> None:
    assert check_weights(graph(stage(None))) == []


def test_weights_that_fit_are_ok(weights: Path) -> None:
    [finding] = check_weights(graph(stage(weights)))
    assert finding.level == "ok"
    assert "fits small" in finding.text


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    [finding] = check_weights(graph(stage(tmp_path / "none.pth")))
    assert (finding.level, "no such file" in finding.text) == ("fault", True)
    assert finding.remedy == "get the file, or correct the setting `weights`"


def test_a_missing_public_file_has_the_command_that_fetches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [finding] = check_weights(graph(stage(Path("weights/vgg16_20M.caffemodel"))))
    assert finding.remedy.startswith("`wsss fetch vgg16-deeplab`")


def test_weights_of_another_network_are_a_fault_that_names_the_fitting_one(weights: Path) -> None:
    [finding] = check_weights(graph(stage(weights, "vgg16")))
    assert finding.level == "fault"
    assert "expected weights of vgg16, but they fit small" in finding.text


def test_a_damaged_file_is_a_fault(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:200])
    [finding] = check_weights(graph(stage(weights)))
    assert (finding.level, str(weights) in finding.text) == ("fault", True)


def test_a_checksum_beside_the_file_is_compared(weights: Path) -> None:
    beside = weights.with_name("small.pth.sha256")
    beside.write_text(f"{sha256_of(weights)}  small.pth\n")
    assert "checksum right" in check_weights(graph(stage(weights)))[0].text
    beside.write_text("0" * 64)
    [finding] = check_weights(graph(stage(weights)))
    assert (finding.level, "expected sha256 0000" in finding.text) == ("fault", True)


def test_the_checksum_in_a_torchvision_name_is_compared(weights: Path) -> None:
    right = weights.with_name(f"small-{sha256_of(weights)[:8]}.pth")
    right.write_bytes(weights.read_bytes())
    assert "checksum right" in check_weights(graph(stage(right)))[0].text
    wrong = weights.with_name("small-00000000.pth")
    wrong.write_bytes(weights.read_bytes())
    assert check_weights(graph(stage(wrong)))[0].level == "fault"


def test_other_names_promise_no_checksum(tmp_path: Path) -> None:
    assert expected_checksum(tmp_path / "model-best.pth") is None


def published(weights: Path, classes: tuple[str, ...], **changes: object) -> Graph:
    """A published classifier on scenes of these classes."""
    data = Stage("demo", "data", "data", "scenes", ScenesSettings(classes=classes), NO_INPUTS, None, 0)  # type: ignore[arg-type]
    settings = PublishedClassifierSettings.parse({"weights": weights, "network": "small", **changes}, "classifier")
    inputs = {"data": ("demo/data",)}
    return graph(data, Stage("demo", "classifier", "classifier", "published", settings, inputs, None, 0))


def test_a_published_network_must_be_there_with_its_head(weights: Path) -> None:
    [finding] = check_weights(published(weights, ("deer", "car", "boat")))
    assert finding.level == "ok"
    assert "is psa on small" in finding.text
    [finding] = check_weights(published(weights, ("deer", "car")))
    assert (finding.level, "fc8.weight (network (2, 96, 1, 1), file (3, 96, 1, 1))" in finding.text) == ("fault", True)
    [finding] = check_weights(published(weights, ("deer", "car", "boat"), architecture="irn", network="resnet18"))
    assert (finding.level, "first backbone.conv1.weight" in finding.text) == ("fault", True)


def test_a_clip_is_read_and_another_network_in_its_place_is_a_fault(weights: Path) -> None:
    for path, level, text in (
        (write_clip(weights.with_name("clip.pt")), "ok", "a CLIP of 3 blocks, patches of 16 pixels"),
        (weights, "fault", "expected a CLIP with a vision transformer, found own names, weights of small"),
        (weights.with_name("none.pt"), "fault", "clip_weights .*none.pt: no such file"),
    ):
        settings = PromptsSettings(clip_weights=path)
        [finding] = check_weights(
            graph(Stage("demo", "prompts", "classifier", "prompts", settings, NO_INPUTS, None, 0))
        )
        assert finding.level == level
        assert re.search(text, finding.text)


def test_torchvisions_weights_fit_the_resnet_of_caffe_in_another_order(tmp_path: Path) -> None:
    numbers = torch.zeros(3 * 512 * 512 * 9)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in build_backbone("resnet101").state_dict().items()}
    torch.save({name: numbers[: shape.numel()].view(shape) for name, shape in shapes.items()}, tmp_path / "r101.pth")
    [finding] = check_weights(graph(stage(tmp_path / "r101.pth", "resnet101_caffe")))
    assert (finding.level, "fits resnet101_caffe" in finding.text) == ("ok", True)
