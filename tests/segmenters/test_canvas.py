"""What the grid of a network spans."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segmenters.canvas import canvas_of
from wsss_core.segmenters.scores import enlarge, grid_labels, predict_scores


def card(architecture: str, **facts: object) -> NetworkCard:
    return NetworkCard("segmenter", "small", ("a",), IMAGENET_RGB, architecture, {}, facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("architecture", "expected"), [("deeplab_v1", "cells"), ("deeplab_v2", "image")])
def test_networks_from_files_span_what_was_published(architecture, expected):
    assert canvas_of(card(architecture)) == expected
    assert canvas_of(card(architecture, canvas="something else")) == expected


@pytest.mark.parametrize("canvas", ["cells", "image"])
def test_a_training_notes_what_its_grids_span(canvas):
    assert canvas_of(card("deeplab_v2", canvas=canvas)) == canvas


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_labels_on_the_canvas_image_are_those_of_pillows_nearest_neighbour(height, width, data):
    grid_hw = (data.draw(st.integers(1, height)), data.draw(st.integers(1, width)))
    label_HW = np.random.default_rng(width).integers(0, 9, (height, width)).astype(np.uint8)
    found = grid_labels(torch.from_numpy(label_HW)[None], 8, grid_hw, "image")[0].numpy()
    expected = Image.fromarray(label_HW).resize(grid_hw[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(found, np.asarray(expected))


@given(st.integers(1, 8), st.integers(1, 8))
def test_both_canvases_agree_where_the_image_is_a_whole_number_of_cells(h, w):
    label = torch.randint(0, 5, (1, 8 * h, 8 * w), dtype=torch.uint8)
    assert torch.equal(grid_labels(label, 8, (h, w), "cells"), grid_labels(label, 8, (h, w), "image"))
    scores = torch.randn(1, 2, h, w)
    torch.testing.assert_close(enlarge(scores, 8, (8 * h, 8 * w)), enlarge(scores, 8, (8 * h, 8 * w), "image"))


class Corners(torch.nn.Module):
    """Scores that grow from left to right, on a grid of stride 8."""

    stride = 8

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, w = (-(-side // 8) for side in x.shape[2:])
        ramp = self.gain * torch.arange(w, dtype=torch.float32).expand(len(x), 1, h, w)
        return torch.cat([ramp, torch.zeros_like(ramp)], dim=1)


@pytest.mark.parametrize("canvas", ["cells", "image"])
def test_predictions_span_what_they_are_told(canvas):
    image_HW3 = np.zeros((17, 33, 3), np.uint8)
    network = Corners().eval()
    found = predict_scores(network, IMAGENET_RGB, image_HW3, canvas=canvas)
    with torch.no_grad():
        grid = network(torch.zeros(1, 3, 17, 33))
        expected = enlarge(grid, 8, (17, 33), canvas)[0].softmax(dim=0).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    other = predict_scores(network, IMAGENET_RGB, image_HW3, canvas="image" if canvas == "cells" else "cells")
    assert np.abs(found - other).max() > 0.03
