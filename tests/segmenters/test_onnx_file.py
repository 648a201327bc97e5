"""Segmenters as ONNX: the file gives what the network gives, or is not written."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB, Normalisation
from wsss_core.segmenters import onnx_file
from wsss_core.segmenters.onnx_file import PhotographNetwork, write_onnx
from wsss_core.segmenters.scores import predict_scores

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in onnx_file.PACKAGES), reason="needs the extra `onnx`"
)


def small(architecture: str, rule: Normalisation) -> NetworkCard:
    torch.manual_seed(0)
    return NetworkCard("segmenter", "small", ("cat", "dog"), rule, architecture=architecture)


@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v2", "deeplab_v3plus"])
@pytest.mark.parametrize("rule", [IMAGENET_RGB, CAFFE_BGR])
def test_a_photograph_gives_the_scores_of_a_prediction_at_one_scale(architecture: str, rule: Normalisation) -> None:
    card = small(architecture, rule)
    network = card.build().eval()
    image = np.random.default_rng(0).integers(0, 256, (70, 53, 3), np.uint8)
    canvas = onnx_file.canvas_of(card)
    expected = predict_scores(network, card.normalisation, image, canvas=canvas)
    with torch.inference_mode():
        found = PhotographNetwork(network, card)(torch.from_numpy(image[None]))[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v2", "deeplab_v3plus"])
def test_every_segmenter_is_written_and_runs_elsewhere(tmp_path: Path, architecture: str) -> None:
    import onnxruntime

    card = small(architecture, IMAGENET_RGB)
    assert write_onnx(card.build().eval(), card, tmp_path / "a.onnx") < 1e-4
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
    card = small("deeplab_v1", IMAGENET_RGB)
    with pytest.raises(ArithmeticError, match=r"found a difference of 0\.5; the file was not written"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named_with_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "PACKAGES", ("onnx_that_is_not_there",))
    card = small("deeplab_v1", IMAGENET_RGB)
    with pytest.raises(ModuleNotFoundError, match=r"wsss\[onnx\]"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")


def test_a_network_of_another_role_is_refused(tmp_path: Path) -> None:
    card = NetworkCard("classifier", "small", ("cat",), IMAGENET_RGB)
    with pytest.raises(ValueError, match="cannot be written as ONNX"):
        write_onnx(card.build(), card, tmp_path / "a.onnx")
