"""The dense CRF: what enters it, what its parameters do, and sizes at the edge."""

import numpy as np
import pytest

from wsss_core.crf import (
    crf_from_labels,
    crf_from_unaries,
    crf_probabilities,
    unary_from_labels,
    unary_from_probabilities,
)
from wsss_core.settings.crf import CrfSettings


def two_halves(height: int = 24, width: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """An image, dark left and bright right, and scores that mark only the middle of the right half."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :] = 220
    scores = np.full((2, height, width), 0.5, np.float32)
    scores[1, 8:16, width // 2 + 4 : width - 4] = 0.9
    scores[0] = 1 - scores[1]
    scores[:, :, : width // 4] = [[[0.8]], [[0.2]]]
    return image, scores


def test_labels_spread_to_the_edge_of_the_colour() -> None:
    image, scores = two_halves()
    label = crf_probabilities(image, scores, CrfSettings(iterations=5)).argmax(axis=0)
    assert label[:, :16].max() == 0
    assert label[:, 16:].min() == 1


def test_probabilities_sum_to_one_and_keep_their_shape() -> None:
    image, scores = two_halves()
    result = crf_probabilities(image, scores, CrfSettings(iterations=5))
    assert result.shape == scores.shape
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.sum(axis=0), 1.0, atol=1e-5)


def test_without_iterations_the_scores_are_only_normalised() -> None:
    image, scores = two_halves()
    np.testing.assert_allclose(crf_probabilities(image, scores * 0.5, CrfSettings(iterations=0)), scores, atol=1e-5)


def test_scale_factor_divides_the_spatial_widths() -> None:
    image, scores = two_halves()
    halved = CrfSettings(iterations=5, gaussian_sxy=1.5, bilateral_sxy=40)
    np.testing.assert_array_equal(
        crf_probabilities(image, scores, CrfSettings(iterations=5, scale_factor=2)),
        crf_probabilities(image, scores, halved),
    )


def test_a_view_of_an_image_counts_as_its_copy() -> None:
    image, scores = two_halves()
    mirrored = crf_probabilities(image[:, ::-1], scores[:, :, ::-1], CrfSettings(iterations=5))
    copied = crf_probabilities(image[:, ::-1].copy(), scores[:, :, ::-1].copy(), CrfSettings(iterations=5))
    np.testing.assert_array_equal(mirrored, copied)


def test_a_single_label_is_certain() -> None:
    image, scores = two_halves()
    assert crf_probabilities(image, scores[:1], CrfSettings(iterations=5)).min() == 1.0


def test_a_one_pixel_image_works() -> None:
    result = crf_probabilities(np.zeros((1, 1, 3), np.uint8), np.array([[[0.2]], [[0.8]]]), CrfSettings(iterations=5))
    assert result[:, 0, 0].argmax() == 1


def test_energies_are_cut_at_the_smallest_probability() -> None:
    energies = unary_from_probabilities(np.array([0.0, 1e-5, 1.0, 7.0]).reshape(1, 2, 2))
    np.testing.assert_allclose(energies.ravel(), [-np.log(1e-5), -np.log(1e-5), 0, 0], rtol=1e-6)


def test_label_energies_share_the_rest_equally() -> None:
    energies = unary_from_labels(np.array([[0, 2]], np.uint8), 3, 0.7)
    np.testing.assert_allclose(np.exp(-energies[:, 0, 0]), [0.7, 0.15, 0.15], rtol=1e-6)
    np.testing.assert_allclose(np.exp(-energies[:, 0, 1]), [0.15, 0.15, 0.7], rtol=1e-6)


def test_crf_from_labels_removes_a_speck() -> None:
    image, _ = two_halves()
    label = (image[..., 0] > 100).astype(np.uint8)
    label[5, 5] = 1
    result = crf_from_labels(image, label, 2, 0.7, CrfSettings()).argmax(axis=0)
    np.testing.assert_array_equal(result, image[..., 0] > 100)


def test_wrong_input_is_refused_with_what_was_expected() -> None:
    image, scores = two_halves()
    with pytest.raises(ValueError, match=r"expected a uint8 image \(24, 32, 3\)"):
        crf_probabilities(image[:-1], scores, CrfSettings(iterations=5))
    with pytest.raises(ValueError, match="found float32"):
        crf_probabilities(image.astype(np.float32), scores, CrfSettings(iterations=5))
    with pytest.raises(ValueError, match="labels below 2, found 255"):
        unary_from_labels(np.full((2, 2), 255, np.uint8), 2, 0.7)
    with pytest.raises(ValueError, match=r"between 0 and 1, found 1\.0"):
        unary_from_labels(np.zeros((2, 2), np.uint8), 2, 1.0)


def test_several_energies_share_one_lattice_and_get_their_own_results() -> None:
    image, scores = two_halves()
    energies = [unary_from_probabilities(scores), unary_from_probabilities(scores**4)]
    together = crf_from_unaries(image, energies, CrfSettings())
    for energy, result in zip(energies, together, strict=True):
        np.testing.assert_array_equal(result, crf_from_unaries(image, [energy], CrfSettings())[0])
    assert not np.array_equal(*together)


def test_energies_of_two_shapes_are_refused() -> None:
    image, scores = two_halves()
    energies = [unary_from_probabilities(scores), unary_from_probabilities(scores[:1])]
    with pytest.raises(ValueError, match=r"one shape, found \[\(2, 24, 32\), \(1, 24, 32\)\]"):
        crf_from_unaries(image, energies, CrfSettings())


def test_widths_too_small_for_the_lattice_are_refused() -> None:
    image, scores = two_halves()
    with pytest.raises(ValueError, match="feature is too large"):
        crf_probabilities(image, scores, CrfSettings(gaussian_sxy=1e-6))
