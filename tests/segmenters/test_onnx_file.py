"""Segmenters as ONNX: the file gives what the network gives, or is not written."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.names import ARCHITECTURES
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segmenters import onnx_file
from wsss_core.segmenters.onnx_file import look_size, write_onnx

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in onnx_file.PACKAGES), reason="needs the extra `onnx`"
)


def small(architecture: str) -> NetworkCard:
    torch.manual_seed(0)
    backbone = "swin_mini" if architecture == "mask2former" else "small"
    return NetworkCard("segmenter", backbone, ("cat", "dog"), IMAGENET_RGB, architecture=architecture)


@needs_onnx
@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_every_segmenter_is_written_in_plain_operators_and_runs_elsewhere(tmp_path: Path, architecture: str) -> None:
    import onnx
    import onnxruntime

    card = small(architecture)
    is_mask2former = architecture == "mask2former"
    look_hw = (64, 96) if is_mask2former else None
    difference = write_onnx(card.build().eval(), card, tmp_path / "a.onnx", look_hw=look_hw)
    assert difference < (1e-2 if is_mask2former else 1e-4)
    model = onnx.load(tmp_path / "a.onnx")
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"))
    image = np.zeros((1, 41, 57, 3), np.uint8)
    [found] = session.run(None, {"image": image})
    assert found.shape == (1, 3, 41, 57)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map["classes"] == '["background", "cat", "dog"]'


@needs_onnx
def test_a_file_that_computes_something_else_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "_export", lambda whole, path: Path(path).touch())
    monkeypatch.setattr(onnx_file, "_describe", lambda path, card: None)
    monkeypatch.setattr(onnx_file, "_largest_difference", lambda whole, path: 0.5)
    card = small("deeplab_v1")
    with pytest.raises(ArithmeticError, match=r"found a difference of 0\.5; the file was not written"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_with_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "PACKAGES", ("onnx_that_is_not_there",))
    card = small("deeplab_v1")
    with pytest.raises(ModuleNotFoundError, match=r"wsss\[onnx\]"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")


@pytest.mark.parametrize("difference", [0.5, float("nan")])
def test_mask2former_may_differ_more_but_not_by_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    found = [1e-3, difference]
    monkeypatch.setattr(onnx_file, "_require_packages", lambda: None)
    monkeypatch.setattr(onnx_file, "_export", lambda whole, path: Path(path).touch())
    monkeypatch.setattr(onnx_file, "_describe", lambda path, card: None)
    monkeypatch.setattr(onnx_file, "_largest_difference", lambda whole, path: found.pop(0))
    card = small("mask2former")
    network = card.build()
    assert write_onnx(network, card, tmp_path / "a.onnx") == 1e-3
    with pytest.raises(ArithmeticError, match="the file was not written"):
        write_onnx(network, card, tmp_path / "b.onnx")


def test_only_mask2former_has_a_look_of_one_size() -> None:
    queries, plain = small("mask2former").build(), small("deeplab_v1").build()
    assert look_size(queries, None) == (512, 512)
    assert look_size(plain, None) is None
    assert look_size(plain, (64, 96)) == look_size(queries, (64, 96)) == (64, 96)


def test_a_network_of_another_role_is_refused(tmp_path: Path) -> None:
    card = NetworkCard("classifier", "small", ("cat",), IMAGENET_RGB)
    with pytest.raises(ValueError, match="cannot be written as ONNX"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")
