"""The saliency loss of EPS: which maps count as foreground, and what the loss asks of them."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from wsss_core.classifiers.saliency_loss import on_grid, overlap, saliency_loss, select_maps


def certain_maps(label_hw: list[list[int]], classes: int) -> torch.Tensor:
    """Maps (1, C+1, h, w) before the softmax that put each cell into one class; label C is the background."""
    return 20.0 * functional.one_hot(torch.tensor(label_hw), classes + 1).permute(2, 0, 1)[None].float()


OBJECT_AND_CONTEXT = certain_maps([[0, 1, 2, 2], [0, 1, 2, 2]], 2)
"""Class 0 in the first column, class 1 in the second, background elsewhere."""
SALIENT_OBJECT = torch.tensor([[[[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]]])
BOTH = torch.ones(1, 2)


def test_a_map_that_is_not_salient_counts_as_background():
    chosen = select_maps(OBJECT_AND_CONTEXT.softmax(dim=1), SALIENT_OBJECT, BOTH, 0.4)
    assert chosen.tolist() == [[True, False]]
    found = saliency_loss(OBJECT_AND_CONTEXT, SALIENT_OBJECT, BOTH, 0.4, 0.5)
    torch.testing.assert_close(found.foreground_B1hw, SALIENT_OBJECT, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.background_B1hw, 1 - SALIENT_OBJECT, atol=1e-6, rtol=0)
    assert found.loss < 1e-12


def test_maps_of_classes_without_a_tag_belong_to_neither_side():
    found = saliency_loss(OBJECT_AND_CONTEXT, SALIENT_OBJECT, torch.tensor([[1.0, 0.0]]), 0.4, 0.5)
    second_column = torch.tensor([[[[0.0, 1.0, 0.0, 0.0]] * 2]])
    both_sides = found.foreground_B1hw + found.background_B1hw
    torch.testing.assert_close(both_sides, 1 - second_column, atol=1e-6, rtol=0)


def test_an_object_that_no_map_explains_costs_and_its_class_is_pulled_up():
    maps = certain_maps([[0, 2, 2, 2], [2, 2, 2, 2]], 2).mul(0.05).requires_grad_()
    found = saliency_loss(maps, SALIENT_OBJECT, torch.tensor([[1.0, 0.0]]), 0.0, 0.5)
    found.loss.backward()
    assert found.loss > 0.01
    assert maps.grad is not None
    assert maps.grad[0, 2, 1, 0] > 0  # less background where the map is salient


def test_an_empty_map_has_no_overlap_and_is_background_at_every_threshold():
    maps = certain_maps([[2, 2, 2, 2]] * 2, 2)
    assert overlap(maps.softmax(dim=1), SALIENT_OBJECT).tolist() == [[0.0, 0.0]]
    assert not select_maps(maps.softmax(dim=1), SALIENT_OBJECT, BOTH, 0.0).any()


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_sides_and_estimate_stay_within_0_and_1_and_their_sum_below_1(seed, threshold, weight):
    generator = torch.Generator().manual_seed(seed)
    maps = 4 * torch.randn(2, 4, 5, 6, generator=generator)
    saliency = torch.rand(2, 1, 20, 24, generator=generator)
    tags = (torch.rand(2, 3, generator=generator) > 0.5).float()
    found = saliency_loss(maps, saliency, tags, threshold, weight)
    for side in (found.foreground_B1hw, found.background_B1hw, found.estimate_B1hw):
        assert side.min() >= -1e-6
        assert side.max() <= 1 + 1e-6
    assert (found.foreground_B1hw + found.background_B1hw).max() <= 1 + 1e-6
    assert 0 <= found.loss <= 1


@given(st.integers(0, 10_000), st.floats(0.05, 0.6))
def test_a_higher_threshold_never_adds_foreground(seed, step):
    generator = torch.Generator().manual_seed(seed)
    probability = (6 * torch.randn(2, 4, 5, 6, generator=generator)).softmax(dim=1)
    saliency, tags = torch.rand(2, 1, 5, 6, generator=generator), torch.ones(2, 3)
    low, high = (select_maps(probability, saliency, tags, threshold) for threshold in (0.2, 0.2 + step))
    assert not (high & ~low).any()


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_grid_takes_the_pixel_that_torchs_nearest_neighbour_takes(height, width, data):
    grid_hw = (data.draw(st.integers(1, height)), data.draw(st.integers(1, width)))
    saliency = torch.from_numpy(np.random.default_rng(height).random((1, 1, height, width), np.float32))
    rows = [index * height // grid_hw[0] for index in range(grid_hw[0])]
    columns = [index * width // grid_hw[1] for index in range(grid_hw[1])]
    assert torch.equal(on_grid(saliency, grid_hw), saliency[:, :, rows][:, :, :, columns])


def test_no_gradient_goes_through_the_choice_of_maps():
    maps = OBJECT_AND_CONTEXT.clone().requires_grad_()
    assert not select_maps(maps.softmax(dim=1), SALIENT_OBJECT, BOTH, 0.4).requires_grad
