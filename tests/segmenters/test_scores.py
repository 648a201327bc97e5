"""Scores at image size from grids of several scales."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from wsss_core.networks.factory import build_segmenter
from wsss_core.segmenters.scores import enlarge, grid_labels, interpolation_matrix, predict_scores

STRIDE = 4


class ColourNetwork(nn.Module):
    """Logits = mean normalised colour of each 4x4 cell, zero-padded at the right and bottom: known geometry."""

    stride = STRIDE

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        padded = nn.functional.pad(x, (0, -width % STRIDE, 0, -height % STRIDE))
        return self.gain * nn.functional.avg_pool2d(padded, STRIDE)


def as_input(image_HW3: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image_HW3.transpose(2, 0, 1)).astype(np.float32) / 255


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 100 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def network() -> nn.Module:
    return ColourNetwork().eval()


def test_one_scale_is_the_softmax_of_the_enlarged_grid(network):
    image = noise(13, 18)
    with torch.no_grad():
        grid = network(torch.from_numpy(as_input(image))[None])
        expected = enlarge(grid, STRIDE, (13, 18))[0].softmax(0).numpy()
    np.testing.assert_allclose(predict_scores(network, as_input, image), expected, atol=1e-6)


def test_a_training_in_bfloat16_does_not_round_the_enlargement(network):
    image = noise(9, 13)
    expected = predict_scores(network, as_input, image)
    with torch.autocast("cpu", torch.bfloat16):
        found = predict_scores(network, as_input, image)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("average", ["softmax", "logits"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 18), (31, 7)])
def test_scores_are_probabilities_at_any_image_size(network, size, average):
    scores = predict_scores(network, as_input, noise(*size), (0.5, 1.0, 1.75), mirror=True, average=average)
    assert scores.shape == (3, *size)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=0), 1, atol=1e-5)
    assert scores.min() >= 0


@pytest.mark.parametrize("width", [16, 17, 19])
def test_with_mirroring_the_mirror_image_has_the_mirrored_scores(network, width):
    image = noise(12, width)
    scores = predict_scores(network, as_input, image, (1.0, 1.5), mirror=True)
    mirrored = predict_scores(network, as_input, image[:, ::-1].copy(), (1.0, 1.5), mirror=True)
    np.testing.assert_allclose(scores, mirrored[:, :, ::-1], atol=1e-5)


def test_a_border_stays_where_it_is_at_every_scale(network):
    """Left half red, right half blue: the scores change over within a cell of the middle."""
    image = np.zeros((32, 33, 3), np.uint8)
    image[:, :16, 0], image[:, 16:, 2] = 255, 255
    for scale in (0.5, 1.0, 1.5, 2.0):
        label = predict_scores(network, as_input, image, (scale,)).argmax(axis=0)
        changes = np.flatnonzero(np.diff(label[16]))
        assert changes.size == 1
        assert abs(int(changes[0]) - 15) <= STRIDE / scale / 2


def test_the_largest_copy_is_bounded_and_the_result_keeps_the_image_size(network):
    assert predict_scores(network, as_input, noise(40, 60), (8.0,), max_pixels=500).shape == (3, 40, 60)


def test_a_network_in_training_mode_is_refused(network):
    with pytest.raises(ValueError, match=r"call its eval\(\) first"):
        predict_scores(network.train(), as_input, noise(8, 8))


def test_no_scale_is_refused(network):
    with pytest.raises(ValueError, match="at least one scale"):
        predict_scores(network, as_input, noise(8, 8), ())


def test_real_networks_take_a_single_pixel():
    for architecture in ("deeplab_v1", "deeplab_v3plus"):
        network = build_segmenter(architecture, "small", 3).eval()
        scores = predict_scores(network, network.normalisation, noise(1, 1), (0.5, 1.0), mirror=True)
        assert scores.shape == (3, 1, 1)


sizes = st.integers(1, 40)


@given(sizes, sizes, st.integers(1, 8))
def test_interpolation_rows_sum_to_one_and_a_straight_line_stays_straight(pixels, scaled, stride):
    cells = -(-scaled // stride)
    matrix = interpolation_matrix(pixels, scaled, cells, stride)
    assert matrix.shape == (pixels, cells)
    np.testing.assert_allclose(matrix.sum(1).numpy(), 1, atol=1e-6)
    place = (np.arange(pixels) + 0.5) * scaled / pixels / stride - 0.5
    line = matrix @ torch.arange(cells, dtype=torch.float32)
    np.testing.assert_allclose(line.numpy(), place.clip(0, cells - 1), atol=1e-4)


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from([1, 4, 8]))
def test_grid_labels_are_those_at_the_centres_of_cells(height, width, stride):
    label = torch.arange(height * width).reshape(1, height, width)
    grid_hw = (-(-height // stride), -(-width // stride))
    chosen = grid_labels(label, stride, grid_hw)
    assert chosen.shape == (1, *grid_hw)
    y, x = min(stride // 2, height - 1), min(stride // 2, width - 1)
    assert int(chosen[0, 0, 0]) == y * width + x


def test_enlarging_and_taking_grid_labels_are_inverse():
    grid = torch.randn(1, 3, 5, 7)
    label = enlarge(grid, 5, (25, 35)).argmax(1)
    assert torch.equal(grid_labels(label, 5, (5, 7)), grid.argmax(1))
