"""The compiled mean field: agreement with pydensecrf, laws of the inference, sizes at the edge, faults."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pydensecrf.densecrf as densecrf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.dense_crf import _mean_field
from wsss_core.dense_crf import mean_field as module
from wsss_core.dense_crf.mean_field import mean_field

GAUSSIAN_SXY, BILATERAL_SXY, BILATERAL_SRGB = 3.0, 80.0, 13.0
GAUSSIAN_WEIGHT, BILATERAL_WEIGHT = 3.0, 10.0
FOLDER = Path(module.__file__).parent

sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))
seeds = st.integers(0, 2**32 - 1)


def smooth_image(height: int, width: int, seed: int) -> np.ndarray:
    """Two colours that fade into each other, with a little noise; uint8 (H, W, 3), dark at the top left."""
    generator = np.random.default_rng(seed)
    ramp_HW1 = np.linspace(0, 1, height)[:, None, None] * np.linspace(0, 1, width)[None, :, None]
    noise_HW3 = generator.normal(0, 3, (height, width, 3))
    return np.clip(ramp_HW1 * [220, 120, 60] + noise_HW3, 0, 255).astype(np.uint8)


def random_energies(problems: int, labels: int, height: int, width: int, seed: int) -> np.ndarray:
    scores = np.random.default_rng(seed).uniform(1e-3, 1, (problems, labels, height * width))
    return -np.log(scores).astype(np.float32)


def features(image_HW3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y_HW, x_HW = np.indices(image_HW3.shape[:2], np.float32)
    position_N2 = np.stack([x_HW.ravel(), y_HW.ravel()], axis=1)
    colour_N3 = image_HW3.reshape(-1, 3).astype(np.float32) / np.float32(BILATERAL_SRGB)
    bilateral_N5 = np.concatenate([position_N2 / np.float32(BILATERAL_SXY), colour_N3], axis=1)
    return position_N2 / np.float32(GAUSSIAN_SXY), bilateral_N5


def marginals(image_HW3: np.ndarray, unary_PKN: np.ndarray, iterations: int = 10) -> np.ndarray:
    gaussian_N2, bilateral_N5 = features(image_HW3)
    return mean_field(unary_PKN, gaussian_N2, GAUSSIAN_WEIGHT, bilateral_N5, BILATERAL_WEIGHT, iterations)


def reference(image_HW3: np.ndarray, unary_KN: np.ndarray, iterations: int = 10) -> np.ndarray:
    """The code that the published systems used."""
    height, width = image_HW3.shape[:2]
    model = densecrf.DenseCRF2D(width, height, len(unary_KN))
    model.addPairwiseGaussian(sxy=GAUSSIAN_SXY, compat=GAUSSIAN_WEIGHT)
    model.addPairwiseBilateral(sxy=BILATERAL_SXY, srgb=BILATERAL_SRGB, rgbim=image_HW3, compat=BILATERAL_WEIGHT)
    model.setUnaryEnergy(np.ascontiguousarray(unary_KN))
    return np.array(model.inference(iterations), np.float32)


def exact_softmax(unary_PKN: np.ndarray) -> np.ndarray:
    weights = np.exp(-unary_PKN.astype(np.float64))
    return weights / weights.sum(axis=1, keepdims=True)


# --- agreement with pydensecrf ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [2, 3, 4, 5, 9, 21])
@pytest.mark.parametrize("size_hw", [(48, 64), (45, 63)], ids=["four divides the pixels", "it does not"])
def test_agrees_with_pydensecrf(labels: int, size_hw: tuple[int, int]) -> None:
    image = smooth_image(*size_hw, seed=labels)
    unary_PKN = random_energies(2, labels, *size_hw, seed=1)
    result_PKN = marginals(image, unary_PKN)
    for unary_KN, result_KN in zip(unary_PKN, result_PKN, strict=True):
        expected_KN = reference(image, unary_KN)
        np.testing.assert_allclose(result_KN, expected_KN, rtol=0, atol=3e-5)
        top_two_2N = np.sort(expected_KN, axis=0)[-2:]
        clear_N = top_two_2N[1] - top_two_2N[0] > 1e-4
        assert clear_N.mean() > 0.9
        np.testing.assert_array_equal(result_KN.argmax(axis=0)[clear_N], expected_KN.argmax(axis=0)[clear_N])


@pytest.mark.parametrize("seed", range(6))
def test_agrees_on_noise_where_most_pixels_stand_alone(seed: int) -> None:
    generator = np.random.default_rng(seed)
    height, width = (int(side) for side in generator.integers(20, 50, 2))
    image = generator.integers(0, 256, (height, width, 3)).astype(np.uint8)
    unary_PKN = random_energies(1, 3, height, width, seed)
    np.testing.assert_allclose(marginals(image, unary_PKN)[0], reference(image, unary_PKN[0]), rtol=0, atol=5e-4)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 2), (1, 9), (7, 1), (3, 2), (5, 5)])
def test_agrees_on_tiny_images(size_hw: tuple[int, int]) -> None:
    image = smooth_image(*size_hw, seed=2)
    unary_PKN = random_energies(1, 4, *size_hw, seed=3)
    np.testing.assert_allclose(marginals(image, unary_PKN)[0], reference(image, unary_PKN[0]), rtol=0, atol=3e-5)


def test_vertices_around_the_origin_exist_where_pydensecrf_fills_up_with_zeros() -> None:
    # A pixel count that four does not divide, and nothing black in the image: the corners come from the filling only.
    generator = np.random.default_rng(24)
    height, width = (int(side) for side in generator.integers(20, 60, 2))
    image = generator.integers(0, 256, (height, width, 3)).astype(np.uint8)
    scores = generator.uniform(0, 1, (1, 3, height * width))
    unary_PKN = -np.log(np.clip(scores, 1e-5, 1)).astype(np.float32)
    assert height * width % 4
    np.testing.assert_allclose(marginals(image, unary_PKN)[0], reference(image, unary_PKN[0]), rtol=0, atol=5e-4)


# --- laws ------------------------------------------------------------------------------------------------------------


@given(sizes, st.integers(1, 7), st.integers(1, 3), seeds)
@settings(max_examples=25, deadline=None)
def test_marginals_are_probabilities(size_hw: tuple[int, int], labels: int, problems: int, seed: int) -> None:
    result_PKN = marginals(smooth_image(*size_hw, seed), random_energies(problems, labels, *size_hw, seed), 3)
    assert result_PKN.min() >= 0
    np.testing.assert_allclose(result_PKN.sum(axis=1), 1, atol=1e-5)


@given(sizes, st.integers(2, 7), st.integers(2, 4), seeds)
@settings(max_examples=25, deadline=None)
def test_problems_side_by_side_get_what_each_gets_alone(
    size_hw: tuple[int, int], labels: int, problems: int, seed: int
) -> None:
    image, unary_PKN = smooth_image(*size_hw, seed), random_energies(problems, labels, *size_hw, seed)
    alone_PKN = np.concatenate([marginals(image, unary_KN[None]) for unary_KN in unary_PKN])
    np.testing.assert_array_equal(marginals(image, unary_PKN), alone_PKN)


@given(sizes, st.permutations(range(5)), seeds)
@settings(max_examples=25, deadline=None)
def test_another_order_of_the_labels_gives_the_result_in_that_order(
    size_hw: tuple[int, int], order: list[int], seed: int
) -> None:
    image, unary_PKN = smooth_image(*size_hw, seed), random_energies(1, 5, *size_hw, seed)
    # Only the sum over the labels is taken in another order.
    np.testing.assert_allclose(marginals(image, unary_PKN[:, order]), marginals(image, unary_PKN)[:, order], atol=2e-4)


@given(sizes, st.integers(1, 9), seeds)
@settings(max_examples=25, deadline=None)
def test_without_iterations_it_is_the_softmax(size_hw: tuple[int, int], labels: int, seed: int) -> None:
    unary_PKN = random_energies(2, labels, *size_hw, seed) * 20
    result_PKN = marginals(smooth_image(*size_hw, seed), unary_PKN, 0)
    np.testing.assert_allclose(result_PKN, exact_softmax(unary_PKN), rtol=1e-4, atol=1e-6)


def test_energies_far_apart_neither_overflow_nor_vanish_into_nan() -> None:
    unary_PKN = np.array([0.0, 1e30, -1e30, 88.0, 87.0, 5.0], np.float32).reshape(1, 2, 3)
    result_PKN = marginals(np.zeros((1, 3, 3), np.uint8), unary_PKN, 0)
    assert np.isfinite(result_PKN).all()
    np.testing.assert_array_equal(result_PKN.argmax(axis=1), [[0, 1, 0]])


def test_a_constant_added_to_all_energies_of_a_pixel_changes_nothing() -> None:
    image, unary_PKN = smooth_image(12, 10, 0), random_energies(1, 3, 12, 10, 0)
    shift_N = np.arange(120, dtype=np.float32) % 7
    np.testing.assert_allclose(marginals(image, unary_PKN + shift_N), marginals(image, unary_PKN), atol=1e-4)


def test_equal_energies_on_a_constant_image_stay_equal() -> None:
    unary_PKN = np.ones((1, 4, 30), np.float32)
    np.testing.assert_allclose(marginals(np.full((5, 6, 3), 90, np.uint8), unary_PKN), 0.25, atol=1e-6)


def test_one_colour_joins_what_the_energies_leave_open() -> None:
    unary_PKN = np.zeros((1, 2, 144), np.float32)
    unary_PKN[0, 1, :100] = 1.0  # most pixels prefer the label 0, the others do not care
    assert marginals(np.full((12, 12, 3), 90, np.uint8), unary_PKN)[0, 0].min() > 0.99


def test_kernels_of_weight_zero_leave_the_softmax() -> None:
    unary_PKN = random_energies(1, 3, 6, 7, 0)
    gaussian_N2, bilateral_N5 = features(smooth_image(6, 7, 0))
    result_PKN = mean_field(unary_PKN, gaussian_N2, 0, bilateral_N5, 0, 5)
    np.testing.assert_allclose(result_PKN, exact_softmax(unary_PKN), atol=1e-6)


def test_the_same_call_gives_the_same_bits_in_threads_at_once() -> None:
    image, unary_PKN = smooth_image(40, 30, 0), random_energies(2, 3, 40, 30, 0)
    results: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: results.append(marginals(image, unary_PKN))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("shape", [(2, 3, 0), (0, 3, 6), (1, 0, 6)])
def test_nothing_gives_nothing(shape: tuple[int, int, int]) -> None:
    image = smooth_image(1, shape[2], 0) if shape[2] else np.zeros((0, 5, 3), np.uint8)
    assert marginals(image, np.zeros(shape, np.float32)).shape == shape


def test_the_energies_are_left_as_they_are_in_any_memory_order_and_type() -> None:
    image, unary_PKN = smooth_image(8, 9, 0), random_energies(1, 3, 8, 9, 0)
    transposed = np.asfortranarray(unary_PKN).astype(np.float64)
    before = transposed.copy()
    np.testing.assert_array_equal(marginals(image, transposed), marginals(image, unary_PKN))
    np.testing.assert_array_equal(transposed, before)


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_energies_that_are_not_finite_are_refused(value: float) -> None:
    unary_PKN = random_energies(1, 2, 3, 3, 0)
    unary_PKN[0, 1, 4] = value
    with pytest.raises(ValueError, match="expected finite energies"):
        marginals(smooth_image(3, 3, 0), unary_PKN)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -1e9])
def test_features_beyond_the_lattice_are_refused(value: float) -> None:
    gaussian_N2, bilateral_N5 = features(smooth_image(3, 3, 0))
    bilateral_N5[4, 1] = value
    with pytest.raises(ValueError, match="feature is too large"):
        mean_field(random_energies(1, 2, 3, 3, 0), gaussian_N2, 3, bilateral_N5, 10, 2)


def test_features_of_another_number_of_pixels_are_refused() -> None:
    gaussian_N2, bilateral_N5 = features(smooth_image(3, 3, 0))
    with pytest.raises(ValueError, match=r"expected features \(9, 2\) and \(9, 5\) .* found \(9, 2\) and \(8, 5\)"):
        mean_field(random_energies(1, 2, 3, 3, 0), gaussian_N2, 3, bilateral_N5[1:], 10, 2)


def test_buffers_that_do_not_fit_are_refused_by_the_compiled_part_itself() -> None:
    gaussian_N2, bilateral_N5 = features(smooth_image(3, 3, 0))
    unary_PKN = random_energies(1, 2, 3, 3, 0)
    for unary, result, labels in (
        (unary_PKN[:, :1], unary_PKN, 2),
        (unary_PKN, unary_PKN[:, :1], 2),
        (unary_PKN, unary_PKN, 0),
    ):
        with pytest.raises(ValueError, match="one number of pixels"):
            _mean_field.infer(unary.copy(), gaussian_N2, 3, bilateral_N5, 10, result.copy(), 1, labels, 2)
    fixed = unary_PKN.copy()
    fixed.flags.writeable = False
    with pytest.raises((TypeError, BufferError, ValueError), match=r"read-only|writable|read-write"):
        _mean_field.infer(unary_PKN, gaussian_N2, 3, bilateral_N5, 10, fixed, 1, 2, 2)


def test_a_package_that_is_not_compiled_says_what_to_do() -> None:
    code = (
        "import sys; sys.modules['wsss_core.dense_crf._mean_field'] = None\n"
        "try: import wsss_core.crf\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER.parents[1], check=True
    )
    assert "expected the compiled part of the dense CRF" in run.stdout
    assert "make env" in run.stdout
