"""Class activation grids against the published way: enlarge, mirror back and add every map at image size."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from wsss_core.artifacts.cams import CamRow
from wsss_core.cams.multiscale import canvas_of, class_activation_grids
from wsss_core.cams.scales import scaled_images

SCALES = (1.0, 0.5, 1.5, 2.0)


def toy_cam(batch_B3HW: torch.Tensor) -> torch.Tensor:
    """A fixed network of stride 8 that is not symmetric under mirroring; 6 classes."""
    weight = torch.randn(6, 3, 9, 9, generator=torch.Generator().manual_seed(5))
    return functional.relu(functional.conv2d(batch_B3HW, weight, stride=8, padding=4))


def normalise(image_HW3: np.ndarray) -> np.ndarray:
    return (image_HW3.transpose(2, 0, 1) / 255 - 0.5).astype(np.float32)


def published_cam(image_HW3: np.ndarray, class_ids: list[int]) -> np.ndarray:
    """All classes of 8 inputs enlarged to image size, masked by the tags, mirrored back, summed, divided."""
    tags = np.zeros((6, 1, 1), np.float32)
    tags[[label - 1 for label in class_ids]] = 1
    total = np.zeros((6, *image_HW3.shape[:2]), np.float32)
    for scaled in scaled_images(image_HW3, SCALES):
        for mirrored in (False, True):
            network_input = normalise(scaled)[:, :, ::-1] if mirrored else normalise(scaled)
            maps = toy_cam(torch.from_numpy(np.ascontiguousarray(network_input))[None])
            large = functional.interpolate(maps, image_HW3.shape[:2], mode="bilinear", align_corners=False)[0].numpy()
            total += (large[:, :, ::-1] if mirrored else large) * tags
    kept = total[[label - 1 for label in class_ids]]
    return kept / (kept.max(axis=(1, 2), keepdims=True) + 1e-5)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("size", [(77, 131), (101, 83), (33, 29), (40, 64)])
def test_stored_grids_give_the_published_scores(size: tuple[int, int]) -> None:
    image = picture(*size)
    grids = class_activation_grids(toy_cam, image, SCALES, normalise, [2, 5])
    row = CamRow("a", size, np.array([2, 5], np.int32), tuple(grids), canvas_hw=size, normalise=True)
    np.testing.assert_allclose(row.scores(), published_cam(image, [2, 5]), atol=1e-5)


def test_enlargement_commutes_with_mirroring() -> None:
    maps = torch.randn(2, 3, 7, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first_enlarged = functional.interpolate(maps, (55, 71), mode="bilinear", align_corners=False).flip(-1)
    first_mirrored = functional.interpolate(maps.flip(-1), (55, 71), mode="bilinear", align_corners=False)
    assert float((first_enlarged - first_mirrored).abs().max()) < 1e-12


def test_one_batch_of_two_per_scale_and_only_tagged_classes() -> None:
    shapes = []

    def recorded(batch_B3HW: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(batch_B3HW.shape))
        return toy_cam(batch_B3HW)

    grids = class_activation_grids(recorded, picture(40, 48), [1.0, 0.5], normalise, [1, 3, 6])
    assert shapes == [(2, 3, 40, 48), (2, 3, 20, 24)]
    assert [grid.shape for grid in grids] == [(3, 5, 6), (3, 3, 3)]
    assert all(grid.dtype == np.float32 for grid in grids)


def test_without_mirror_the_image_runs_alone() -> None:
    image = picture(40, 48)
    grid = class_activation_grids(toy_cam, image, [1.0], normalise, [4], mirror=False)[0]
    expected = toy_cam(torch.from_numpy(normalise(image))[None])[0, 3].numpy()
    np.testing.assert_allclose(grid[0], expected, rtol=1e-6)


def test_an_image_without_tags_runs_no_network() -> None:
    def forbidden(batch_B3HW: torch.Tensor) -> torch.Tensor:
        raise AssertionError("the network must not run")

    grids = class_activation_grids(forbidden, picture(40, 48), SCALES, normalise, [])
    row = CamRow("a", (40, 48), np.zeros(0, np.int32), tuple(grids), canvas_hw=(40, 48), normalise=True)
    assert row.scores().shape == (0, 40, 48)


@given(st.tuples(st.integers(1, 300), st.integers(1, 300)), st.sampled_from([8, 16]))
def test_the_canvas_of_whole_cells_is_the_next_multiple_of_the_stride(size_hw: tuple[int, int], stride: int) -> None:
    canvas_hw = canvas_of(size_hw, "cells", stride)
    for side, canvas in zip(size_hw, canvas_hw, strict=True):
        assert canvas % stride == 0
        assert side <= canvas < side + stride
    assert canvas_of(size_hw, "image", stride) == size_hw


@pytest.mark.parametrize("size", [(77, 131), (33, 29), (1, 1), (3, 50), (64, 48)])
def test_stored_grids_give_the_published_scores_of_irn(size: tuple[int, int]) -> None:
    """Per scale the sum of image and mirror, enlarged to multiples of the stride and cut, or straight to stride 4."""
    image, stride = picture(*size), 8
    sums = []
    for scaled in scaled_images(image, SCALES):
        pair = np.stack([normalise(scaled), normalise(scaled)[:, :, ::-1]])
        maps = toy_cam(torch.from_numpy(pair))[:, [1, 4]]
        sums.append((maps[0] + maps[1].flip(-1))[None])
    canvas_hw = tuple(-(-side // stride) * stride for side in size)
    quarter_hw = tuple((side - 1) // 4 + 1 for side in size)
    enlarged = [
        sum(functional.interpolate(o, to, mode="bilinear", align_corners=False)[0] for o in sums)
        for to in (canvas_hw, quarter_hw)
    ]
    high, cam = enlarged[0][:, : size[0], : size[1]], enlarged[1]
    grids = class_activation_grids(toy_cam, image, SCALES, normalise, [2, 5])
    row = CamRow("a", size, np.array([2, 5], np.int32), tuple(grids), canvas_of(size, "cells", stride), normalise=True)
    np.testing.assert_allclose(row.scores(), (high / (high.amax((1, 2), keepdim=True) + 1e-5)).numpy(), atol=1e-5)
    on_grid = row.scores_on((quarter_hw[0], quarter_hw[1]))
    np.testing.assert_allclose(on_grid, (cam / (cam.amax((1, 2), keepdim=True) + 1e-5)).numpy(), atol=1e-5)
