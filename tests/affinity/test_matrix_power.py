"""Powers by Chebyshev polynomials against powers by multiplication."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import chebyshev
from scipy.sparse import dia_array

from wsss_core.affinity.matrix_power import TOLERANCE, chebyshev_weights, power_times


@given(st.integers(0, 5000))
def test_the_mixture_of_polynomials_is_the_power(power: int) -> None:
    weights = chebyshev_weights(power)
    points = np.concatenate([np.linspace(-1, 1, 201), 1 - np.geomspace(1e-9, 1e-2, 20)])
    np.testing.assert_allclose(chebyshev.chebval(points, weights), points**power, rtol=0, atol=2 * TOLERANCE)


@given(st.integers(0, 5000))
def test_weights_are_probabilities_of_every_other_degree_up_to_the_power(power: int) -> None:
    weights = np.array(chebyshev_weights(power))
    assert len(weights) <= power + 1
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights.min() >= 0
    assert not weights[(power + 1) % 2 :: 2].any()


@pytest.mark.parametrize(("power", "products"), [(0, 0), (1, 1), (4, 4), (256, 84), (65536, 1364)])
def test_products_grow_with_the_root_of_the_power(power: int, products: int) -> None:
    assert len(chebyshev_weights(power)) - 1 == products


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 40))
def test_product_with_a_power_equals_repeated_products(seed: int, power: int) -> None:
    """A symmetric matrix with entries at least 0, rows divided by their sums: its eigenvalues lie in [-1, 1]."""
    generator = np.random.default_rng(seed)
    symmetric = generator.uniform(0, 1, (6, 6))
    symmetric += symmetric.T
    matrix = symmetric / symmetric.sum(axis=1, keepdims=True)
    values = generator.uniform(0, 1, 6)
    expected = np.linalg.matrix_power(matrix, power) @ values
    product = power_times(dia_array(matrix.astype(np.float32)), power, values)
    assert product.dtype == np.float32
    np.testing.assert_allclose(product, expected, rtol=0, atol=2e-6)


def test_a_negative_power_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, found -2"):
        chebyshev_weights(-2)
