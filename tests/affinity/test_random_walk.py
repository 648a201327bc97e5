"""Padding, start scores and the whole refinement, against a plain dense version."""

import numpy as np
import pytest
import torch

from wsss_core.affinity.pairs import pair_indices
from wsss_core.affinity.random_walk import padded_hw, padded_input, refined_grid, start_scores

AWKWARD_SIZES = [(77, 131), (101, 83), (33, 29), (40, 72), (1, 1)]


def plain_refinement(
    foreground_CHW: np.ndarray, features_Dhw: np.ndarray, alpha: float, beta: float, squarings: int
) -> np.ndarray:
    """Dense matrices, all in float64, following the text of the publication step by step."""
    count, height, width = foreground_CHW.shape
    grid_h, grid_w = features_Dhw.shape[1:]
    canvas = np.zeros((count + 1, grid_h * 8, grid_w * 8))
    canvas[0, :height, :width] = (1 - foreground_CHW.max(axis=0)) ** alpha
    canvas[1:, :height, :width] = foreground_CHW
    scores = np.zeros((count + 1, grid_h, grid_w))
    for row in range(grid_h):
        for column in range(grid_w):
            scores[:, row, column] = canvas[:, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8].mean(axis=(1, 2))
    flat = features_Dhw.reshape(len(features_Dhw), -1)
    dense = np.eye(grid_h * grid_w)
    source, partners = pair_indices((grid_h, grid_w), 5)
    for row in partners:
        dense[source, row] = dense[row, source] = np.exp(-np.abs(flat[:, source] - flat[:, row]).mean(axis=0))
    power = dense**beta
    power /= power.sum(axis=0)
    for _ in range(squarings):
        power = power @ power
    return (scores.reshape(count + 1, -1) @ power).reshape(scores.shape)


@pytest.mark.parametrize("size", AWKWARD_SIZES)
def test_refinement_equals_the_dense_walk_at_awkward_sizes(size: tuple[int, int]) -> None:
    generator = np.random.default_rng(size[0])
    foreground = generator.uniform(0, 1, (2, *size)).astype(np.float32)
    grid = (padded_hw(size)[0] // 8, padded_hw(size)[1] // 8)
    features = generator.normal(0, 1, (5, *grid)).astype(np.float32)
    refined = refined_grid(start_scores(foreground, [3, 7], alpha=16), torch.from_numpy(features), beta=8, steps=256)
    np.testing.assert_allclose(refined, plain_refinement(foreground, features, 16, 8, 8), atol=6e-5)


def test_padding_is_zero_in_the_background_too() -> None:
    scores = start_scores(np.zeros((1, 12, 8), np.float32), [1], alpha=4)
    np.testing.assert_allclose(scores[0], [[1.0], [0.5]])


def test_background_is_taken_before_pooling() -> None:
    foreground = np.zeros((1, 8, 8), np.float32)
    foreground[0, :4] = 1.0
    assert start_scores(foreground, [1], alpha=16)[0, 0, 0] == pytest.approx(0.5)


def test_an_image_without_classes_has_a_background_only() -> None:
    refined = refined_grid(
        start_scores(np.zeros((0, 40, 72), np.float32), [], 16), torch.zeros(3, 5, 9), beta=8, steps=4
    )
    np.testing.assert_allclose(refined, np.ones((1, 5, 9)), atol=1e-6)


@pytest.mark.parametrize("size", AWKWARD_SIZES)
def test_input_is_padded_at_the_bottom_and_right_with_zeros(size: tuple[int, int]) -> None:
    image = np.ones((3, *size), np.float32)
    padded = padded_input(image)
    assert padded.shape == (3, *padded_hw(size))
    assert padded[:, : size[0], : size[1]].min() == 1.0
    assert padded.sum() == image.sum()


def test_features_of_the_unpadded_image_are_refused() -> None:
    with pytest.raises(ValueError, match="padded_input"):
        refined_grid(np.zeros((1, 6, 9), np.float32), torch.zeros(3, 5, 9), beta=8, steps=4)


def test_a_background_channel_of_the_scores_is_kept() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, (2, 8, 8)).astype(np.float32)
    np.testing.assert_allclose(start_scores(scores, [0, 5], alpha=16)[:, 0, 0], scores.mean(axis=(1, 2)), rtol=1e-5)
