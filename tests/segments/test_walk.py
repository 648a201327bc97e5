"""The random walk over embeddings, tiles, and the picture for the CRF."""

import numpy as np
import pytest
import torch

from wsss_core.label_ids import best_label
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB
from wsss_core.segments.embedding_walk import TAIL, cells_of, chebyshev_weights, transition, walked
from wsss_core.segments.network_picture import crf_picture, network_picture
from wsss_core.segments.present import peaked_and_present, present_classes
from wsss_core.segments.tiles import Canvas, at_long_side, at_scale, tile_starts, tiled_sum
from wsss_core.segments.walked_labels import refined_scores, walked_scores
from wsss_core.settings.spml import SpmlCrfSettings, WalkSettings


def views(count: int = 2) -> list[torch.Tensor]:
    return list(torch.randn(count, 4, 5, 6, generator=torch.Generator().manual_seed(0)))


def test_columns_sum_to_one_and_vector_products_equal_squarings():
    matrix = transition(views())
    torch.testing.assert_close(matrix.sum(0), torch.ones(30))
    score = torch.rand(3, 5, 6, generator=torch.Generator().manual_seed(1))
    power = matrix.double()
    for _ in range(6):
        power = power @ power
    expected = (score.flatten(1).double() @ power).float().reshape(3, 5, 6)
    torch.testing.assert_close(walked(score, matrix), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 8, 64, 256])
def test_polynomials_give_the_power(steps):
    weights = chebyshev_weights(steps)
    x = np.linspace(0, 1, 101)
    np.testing.assert_allclose(np.polynomial.chebyshev.chebval(2 * x - 1, weights), x**steps, atol=2 * TAIL)
    assert len(weights) <= 4.1 * np.sqrt(steps) + 2


@pytest.mark.parametrize("steps", [0, 1, 4, 20, 256])
def test_any_number_of_steps_is_that_many_products(steps):
    matrix = transition(views())
    score = torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(2))
    expected = score.flatten(1).double() @ torch.linalg.matrix_power(matrix.double(), steps)
    torch.testing.assert_close(walked(score, matrix, steps).flatten(1), expected.float(), rtol=1e-4, atol=2e-6)


def test_affinity_is_the_published_formula():
    (embedding,) = views(1)
    unit_nD = torch.nn.functional.normalize(embedding.flatten(1).T, dim=1)
    affinity = (5 * (unit_nD @ unit_nD.T - 1)).exp() ** 20
    torch.testing.assert_close(transition([embedding]), affinity / affinity.sum(0), rtol=1e-3, atol=1e-7)
    with pytest.raises(ValueError, match="at least one view"):
        transition([])


def test_scores_stay_where_cells_are_unlike():
    apart = torch.eye(4).reshape(4, 2, 2) * 3
    score = torch.rand(2, 2, 2)
    torch.testing.assert_close(walked(score, transition([apart])), score, atol=1e-5, rtol=1e-4)


def test_absent_classes_are_zero_and_present_ones_have_image_size():
    settings = WalkSettings.parse({"log2_steps": 0}, "walk")
    scores = walked_scores(torch.ones(2, 5, 6), views(), [0, 2], 4, (43, 51), settings)
    assert scores.shape == (4, 43, 51)
    assert scores[[1, 3]].max() == 0
    assert scores[[0, 2]].min() > 0
    assert walked_scores(torch.ones(0, 5, 6), views(), [], 2, (9, 9), settings).max() == 0


def test_grid_is_an_eighth_and_never_empty():
    assert cells_of((375, 500)) == (46, 62)
    assert cells_of((7, 20)) == (1, 2)


def test_present_classes_are_the_labels_of_classes():
    label = np.array([[0, 3, 254], [255, 3, 9]], np.uint8)
    assert present_classes(label, 5) == [0, 3]
    score = torch.arange(1.0, 13).reshape(3, 2, 2)
    assert peaked_and_present(score, [0, 2]).amax(dim=(1, 2)).tolist() == [1, 1]


def test_tiles_cover_the_side_and_end_at_its_end():
    assert tile_starts(57, 57, 57) == [0]
    assert tile_starts(90, 57, 57) == [0, 33]
    assert tile_starts(200, 57, 57) == [0, 47, 95, 143]


def test_tiled_sum_is_the_input_times_the_count():
    image = torch.rand(3, 20, 50)
    total, count = tiled_sum(lambda tile: tile, image, Canvas(32, 16))
    assert total.shape == (3, 32, 50)
    torch.testing.assert_close((total / count)[:, :20], image)
    assert count.min() == 1
    assert count.max() == 3


def test_sizes_are_cut_to_whole_pixels():
    assert at_long_side((60, 84), 97) == (69, 96)  # 84 (97 / 84) is a hair below 97, as in the public code
    assert at_scale((53, 37), 0.75) == (39, 27)
    assert at_scale((1, 3), 0.5) == (1, 1)


@pytest.mark.parametrize("rule", [IMAGENET_RGB, CAFFE_BGR])
def test_the_picture_comes_back_at_most_one_lower(rule):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    picture = network_picture(image, rule)
    np.testing.assert_allclose(picture, rule(image), rtol=1e-4, atol=1e-4)
    lost = image.astype(int) - crf_picture(picture, rule)
    assert set(np.unique(lost)) <= {0, 1}


def test_crf_smooths_and_none_leaves_scores():
    image = np.zeros((12, 12, 3), np.uint8)
    image[:, 6:] = 200
    picture = network_picture(image, IMAGENET_RGB)
    scores = np.full((2, 12, 12), 0.4, np.float32)
    scores[0, :, :6] = scores[1, :, 6:] = 0.6
    scores[:, 3, 3] = scores[::-1, 3, 3]
    assert refined_scores(scores, picture, IMAGENET_RGB, None) is scores
    assert best_label(scores)[3, 3] == 1
    assert best_label(refined_scores(scores, picture, IMAGENET_RGB, SpmlCrfSettings()))[3, 3] == 0
