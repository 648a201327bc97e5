"""The stage around the walk within boundaries: grids, shares of the peak, sizes, wrong networks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional

from wsss_core.affinity import boundary_walk
from wsss_core.affinity.boundaries import walk_within_boundaries
from wsss_core.affinity.boundary_walk import refined_row, share_of_peak
from wsss_core.artifacts.cams import CamRow, decode, encode
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.refined_cams import BoundaryWalkSettings
from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.stages.context import Processor, StageContext

SIZES = [(77, 131), (40, 30), (33, 29), (1, 1)]


def grid_of(size_hw: tuple[int, int]) -> tuple[int, int]:
    return (size_hw[0] - 1) // 4 + 1, (size_hw[1] - 1) // 4 + 1


def cam_row(size_hw: tuple[int, int], class_ids: list[int], normalise: bool = True) -> CamRow:
    maps = np.random.default_rng(1).uniform(0, 1, (len(class_ids), 5, 6)).astype(np.float32)
    return CamRow("picture", size_hw, np.array(class_ids, np.int32), (maps,), size_hw, normalise)


def boundary(size_hw: tuple[int, int]) -> np.ndarray:
    return (np.random.default_rng(2).uniform(0, 1, grid_of(size_hw)) ** 3).astype(np.float32)


def publish(folder: Path, architecture: str | None) -> Path:
    torch.manual_seed(0)
    card = NetworkCard("affinity", "small", (), IMAGENET_RGB, architecture)
    save_network(folder, card, card.build().state_dict())
    return folder


def processor(network: Path, **settings: object) -> Processor:
    model = BoundaryWalkSettings(canvas=16, **settings)  # type: ignore[arg-type]
    inputs = {"affinity": network}
    return boundary_walk.processor(
        StageContext("e", "s", "refined_cams", "boundary_walk", model, inputs, Path("unused"), ("train",))
    )


def picture(folder: Path, size_hw: tuple[int, int]) -> ImageRecord:
    pixels = np.random.default_rng(0).integers(0, 256, (*size_hw, 3)).astype(np.uint8)
    file = folder / "picture.png"
    Image.fromarray(pixels).save(file)
    return ImageRecord("picture", str(file), *size_hw, splits=("train",), part=0, tags=(1, 3))


@pytest.mark.parametrize("size", SIZES)
def test_row_is_the_published_result_before_the_threshold(size: tuple[int, int]) -> None:
    """Enlarged four times, cropped, divided by the one maximum over all classes."""
    row, edge = cam_row(size, [2, 7]), boundary(size)
    refined = refined_row(row, edge, BoundaryWalkSettings(log2_steps=3))
    walked = walk_within_boundaries(row.scores_on(grid_of(size)), edge, beta=10, steps=8)
    large = functional.interpolate(torch.from_numpy(walked)[None], scale_factor=4, mode="bilinear", align_corners=False)
    expected = large[0, :, : size[0], : size[1]].numpy()
    np.testing.assert_allclose(refined.scores(), expected / expected.max(), atol=1e-5)
    assert refined.class_ids.tolist() == [2, 7]
    assert refined.normalise is False
    assert refined.canvas_hw == (4 * grid_of(size)[0], 4 * grid_of(size)[1])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(1e-4, 1e4))
def test_largest_score_at_image_size_is_one_whatever_the_scale_of_the_scores(
    height: int, width: int, scale: float
) -> None:
    grid = grid_of((height, width))
    scores = (np.random.default_rng(height).uniform(0.1, 1, (3, *grid)) * scale).astype(np.float32)
    canvas = (4 * grid[0], 4 * grid[1])
    shares = share_of_peak(scores, (height, width), canvas)
    row = CamRow("a", (height, width), np.arange(1, 4, dtype=np.int32), (shares,), canvas, normalise=False)
    assert row.scores().max() == pytest.approx(1, abs=1e-5)
    # Ratios between cells and classes stay.
    np.testing.assert_allclose(shares / shares[0, 0, 0], scores / scores[0, 0, 0], rtol=1e-4)


def test_what_lies_outside_the_image_does_not_count_for_the_peak() -> None:
    scores = np.array([[[0.5, 0.5], [0.5, 4.0]]], np.float32)
    assert share_of_peak(scores, (1, 1), (8, 8))[0, 0, 0] == 1


def test_a_background_channel_of_the_cams_is_left_out() -> None:
    size = (40, 30)
    with_background, edge = cam_row(size, [0, 2, 7]), boundary(size)
    without = CamRow("picture", size, with_background.class_ids[1:], (with_background.maps[0][1:],), size, True)
    refined, expected = (
        refined_row(row, edge, BoundaryWalkSettings(log2_steps=3)) for row in (with_background, without)
    )
    assert refined.class_ids.tolist() == [2, 7]
    np.testing.assert_array_equal(refined.maps[0], expected.maps[0])


@pytest.mark.parametrize("class_ids", [[], [0], [4]], ids=["no tag", "background only", "all zero"])
def test_without_any_score_everything_is_background(class_ids: list[int]) -> None:
    size = (33, 29)
    maps = np.zeros((len(class_ids), 5, 6), np.float32)
    row = CamRow("picture", size, np.array(class_ids, np.int32), (maps,), size, normalise=True)
    refined = decode(encode(refined_row(row, boundary(size), BoundaryWalkSettings())))
    assert np.isfinite(refined.scores()).all()
    label, _ = argmax_seed(refined.scores(), refined.class_ids, ArgmaxSettings(threshold=0.25))
    assert not label.any()


@pytest.mark.parametrize("size", SIZES)
def test_processor_refines_images_of_any_size(size: tuple[int, int], tmp_path: Path) -> None:
    process = processor(publish(tmp_path / "net", "irnet"))
    row = process(picture(tmp_path, size), {"cams": cam_row(size, [1, 3])})
    assert isinstance(row, CamRow)
    assert row.maps[0].shape == (2, *grid_of(size))
    assert row.maps[0].dtype == np.float32
    scores = row.scores()
    assert scores.shape == (2, *size)
    assert scores.max() == pytest.approx(1, abs=1e-5)
    assert scores.min() >= 0


def test_bfloat16_changes_the_scores_a_little(tmp_path: Path) -> None:
    network, record = publish(tmp_path / "net", "irnet"), picture(tmp_path, (77, 131))
    rows = {"cams": cam_row((77, 131), [1, 3])}
    exact, rough = (processor(network, precision=name, log2_steps=4)(record, rows) for name in ("float32", "bfloat16"))
    assert isinstance(exact, CamRow)
    assert isinstance(rough, CamRow)
    difference = np.abs(exact.maps[0] - rough.maps[0]).max()
    assert 0 < difference < 0.05


def test_an_affinity_net_of_psa_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"expected an IRNet in .*net, found AffinityNet"):
        processor(publish(tmp_path / "net", None))
