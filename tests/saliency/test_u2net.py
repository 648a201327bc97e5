"""Saliency by U²-Net: its input, its output's range, and the file of weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints.test_u2net_layout import published
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from regions.regions_context import regions_context

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.u2net import SMALL, U2Net
from wsss_core.saliency.u2net import load_u2net, network_input, processor, rescaled
from wsss_core.settings.saliency import U2NetSettings

REAL_WEIGHTS = Path(__file__).parents[3] / "shared" / "weights" / "u2netp.onnx"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "u2netp.pth"
    torch.save(published(U2Net(SMALL)), path)
    return path


def test_every_image_gets_a_map_of_its_size_that_fills_the_range(tmp_path, weights):
    image = np.random.default_rng(0).integers(0, 256, (37, 52, 3)).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    process = processor(regions_context(tmp_path, U2NetSettings(weights=str(weights), side=64)))
    row = process(ImageRecord("a", str(tmp_path / "a.png"), 37, 52, ("train",), 0), {})
    assert (row.image_id, row.saliency_HW.shape, row.saliency_HW.dtype) == ("a", (37, 52), np.uint8)
    assert row.saliency_HW.min() < 20
    assert row.saliency_HW.max() > 235


def test_the_brightest_value_of_a_dark_image_counts_as_white():
    dark = np.zeros((8, 8, 3), np.uint8)
    dark[2:6, 2:6] = 50
    bright = dark.astype(np.uint16) * 5
    found, expected = network_input(dark, 8), IMAGENET_RGB(bright.astype(np.float32) * (255 / 250))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.isfinite(network_input(np.zeros((8, 8, 3), np.uint8), 8)).all()


@given(arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32)))
def test_maps_are_stretched_over_their_own_range(map_hw):
    found = rescaled(map_hw, (5, 7))
    if map_hw.max() > map_hw.min():
        assert (found.min(), found.max()) == (0, 255)
        order = np.argsort(map_hw, axis=None)
        assert (np.diff(found.reshape(-1)[order].astype(int)) >= 0).all()
    else:
        assert not found.any()


def test_a_missing_file_says_what_to_fetch(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"u2netp\.pth.*xuebinqin/U-2-Net"):
        load_u2net(tmp_path / "none.pth")


def test_weights_of_another_network_are_refused_with_the_file(tmp_path):
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth: expected the weights of U²-Net"):
        load_u2net(tmp_path / "other.pth")


@pytest.mark.skipif(not REAL_WEIGHTS.is_file(), reason="the real weights of U²-Net are not here")
def test_the_real_weights_find_a_bright_object():
    network = load_u2net(REAL_WEIGHTS)
    y, x = np.mgrid[0:160, 0:160]
    inside = (y - 80) ** 2 + (x - 70) ** 2 < 40**2
    image = np.where(inside[:, :, None], np.array([220, 60, 40]), np.array([90, 130, 90])).astype(np.uint8)
    with torch.inference_mode():
        saliency = network(torch.from_numpy(network_input(image, 160))[None])[0, 0].numpy()
    assert saliency[inside].mean() > 0.8
    assert saliency[~inside].mean() < 0.2
