import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.cli import main
from wsss_core.commands import onnx_export
from wsss_core.commands.onnx_export import parse_size
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.base import SettingsError


def write_segmenter(folder: Path, architecture: str, backbone: str = "small") -> Path:
    card = NetworkCard("segmenter", backbone, ("cat", "dog"), IMAGENET_RGB, architecture=architecture)
    torch.manual_seed(0)
    save_network(folder, card, card.build().state_dict())
    about = {"kind": "segmenter", "settings": {}, "inputs": {}, "method": architecture}
    (folder / "stage.json").write_text(json.dumps(about))
    return folder


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What `write_onnx` is asked for, in place of the file; from the folder of the results."""
    asked: list[dict[str, object]] = []

    def write(network: object, card: NetworkCard, path: Path, one_stage: object, look_hw: object) -> float:
        asked.append({"one_stage": one_stage, "look_hw": look_hw})
        return 1.5e-7

    monkeypatch.setattr(onnx_export, "write_onnx", write)
    monkeypatch.chdir(tmp_path)
    return asked


def export(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


def test_the_difference_from_pytorch_is_told(written: list[dict[str, object]]) -> None:
    write_segmenter(Path("results/pets/net"), "deeplab_v1")
    result = export("pets/net", "--out", "a.onnx")
    assert result.exit_code == 0, result.output
    assert "probabilities (1, 3, H, W); largest difference from PyTorch 1.5e-07" in result.output
    assert "--look" not in result.output
    assert written == [{"one_stage": None, "look_hw": None}]


def test_a_one_stage_network_decides_as_its_predictions_stage(written: list[dict[str, object]]) -> None:
    write_segmenter(Path("results/pets/net"), "ws_fcn")
    assert "as in the defaults of one_stage" in export("pets/net", "--out", "a.onnx").output
    stage = {"kind": "predictions", "method": "one_stage", "settings": {"tag_cut": 0.3}}
    Path("results/pets/labels").mkdir()
    Path("results/pets/labels/stage.json").write_text(json.dumps({**stage, "inputs": {"segmenter": "pets/net"}}))
    assert "as in pets/labels" in export("pets/net", "--out", "a.onnx").output
    assert [getattr(asked["one_stage"], "tag_cut", None) for asked in written] == [0.1, 0.3]


def test_the_size_of_the_look_is_told_and_can_be_chosen(written: list[dict[str, object]]) -> None:
    write_segmenter(Path("results/pets/net"), "mask2former", "swin_mini")
    assert "looked at resized to 512x512 (--look" in export("pets/net", "--out", "a.onnx").output
    assert "looked at resized to 64x96" in export("pets/net", "--look", "64x96", "--out", "a.onnx").output
    assert [asked["look_hw"] for asked in written] == [(512, 512), (64, 96)]


def test_a_segmenter_that_answers_by_its_bank_says_what_to_export(written: list[dict[str, object]]) -> None:
    folder = write_segmenter(Path("results/pets/bank"), "embedding_deeplab")
    (folder / "bank.arrow").touch()
    result = export("pets/bank", "--format", "onnx", "--out", "a.onnx")
    assert result.exit_code == 2
    assert "pets/bank answers by the nearest segments of its bank" in result.stderr
    assert "export the segmenter that it was made from" in result.stderr
    assert not written


def test_segmenters_have_no_other_format_and_other_stages_no_look(written: list[dict[str, object]]) -> None:
    write_segmenter(Path("results/pets/net"), "deeplab_v1")
    result = export("pets/net", "--format", "coco", "--out", "a")
    assert (result.exit_code, written) == (2, [])
    assert "segmenter can be exported as onnx, not as coco" in result.stderr
    Path("results/pets/seeds").mkdir()
    Path("results/pets/seeds/stage.json").write_text(json.dumps({"kind": "seeds"}))
    result = export("pets/seeds", "--look", "64x96", "--out", "a")
    assert result.exit_code == 2
    assert "--look belongs to segmenters as onnx; pets/seeds is of kind seeds" in result.stderr


def test_sizes_are_read() -> None:
    assert parse_size(None) is None
    assert parse_size("512x683") == (512, 683)


@pytest.mark.parametrize("text", ["512", "512x", "x", "31x64", "64x0x1", "-64x64", "99999x64"])
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(SettingsError, match="expected HEIGHTxWIDTH in pixels of at least 32, such as 512x683, found"):
        parse_size(text)
