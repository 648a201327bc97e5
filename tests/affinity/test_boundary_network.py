"""IRNet of a stage, run on one image after the other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss_core.affinity.boundary_network import BoundaryNetwork, walked_canvas
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.stages.context import StageContext


def context(folder: Path, architecture: str | None, settings: WalkWithinBoundaries) -> StageContext:
    torch.manual_seed(0)
    card = NetworkCard("affinity", "small", (), IMAGENET_RGB, architecture)
    save_network(folder, card, card.build().state_dict())
    return StageContext("e", "s", "instances", "m", settings, {"affinity": folder}, folder, ("train",))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_boundaries_and_displacements_have_a_cell_per_started_stride_4(tmp_path: Path, precision: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (45, 70, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    record = ImageRecord("a", str(tmp_path / "a.png"), 45, 70, ("train",), 0)
    settings = WalkWithinBoundaries.parse({"canvas": 64, "precision": precision}, "x")
    network = BoundaryNetwork(context(tmp_path / "net", "irnet", settings), settings)
    edge_hw, displacement_2hw = network.edge_and_displacement(record)
    assert (edge_hw.shape, displacement_2hw.shape) == ((12, 18), (2, 12, 18))
    assert edge_hw.dtype == displacement_2hw.dtype == np.float32
    assert 0 <= edge_hw.min() < edge_hw.max() <= 1
    np.testing.assert_array_equal(network.edge(record), edge_hw)


def test_another_network_is_refused(tmp_path: Path) -> None:
    settings = WalkWithinBoundaries()
    with pytest.raises(TypeError, match="expected an IRNet in"):
        BoundaryNetwork(context(tmp_path / "net", None, settings), settings)


def test_a_large_image_is_seen_in_a_smaller_copy_whose_grid_spans_the_image(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((90, 140, 3), np.uint8)).save(tmp_path / "a.png")
    record = ImageRecord("a", str(tmp_path / "a.png"), 90, 140, ("train",), 0)
    settings = WalkWithinBoundaries.parse({"canvas": 16, "max_pixels": 45 * 70}, "x")
    network = BoundaryNetwork(context(tmp_path / "net", "irnet", settings), settings)
    assert network.edge(record).shape == (12, 18)
    assert walked_canvas((90, 140), (12, 18), settings) == (96, 144)  # 48 and 72 pixels of the copy, twice as large
    assert walked_canvas((45, 70), (12, 18), settings) == (48, 72)
