import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from wsss_core.cams.unit_scores import unit_scores

MAPS = arrays(np.float32, array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.floats(-8, 8, width=16))


@given(MAPS)
def test_scores_lie_between_0_and_1_and_keep_the_order_of_positive_values(cam: np.ndarray) -> None:
    scores = unit_scores(cam)
    assert scores.dtype == np.float32
    assert scores.min() >= 0
    assert scores.max() <= 1
    for before, after in zip(cam, scores, strict=True):
        order = np.argsort(np.maximum(before, 0), axis=None)
        assert (np.diff(after.ravel()[order]) >= 0).all()


@given(MAPS, st.sampled_from([0.25, 4.0]))
def test_each_class_is_measured_by_itself(cam: np.ndarray, factor: float) -> None:
    for before, after in zip(cam, unit_scores(cam), strict=True):
        np.testing.assert_array_equal(unit_scores(before[None])[0], after)
        if before.max() > 0.1:
            np.testing.assert_allclose(unit_scores(factor * before[None])[0], after, atol=1e-4)


def test_a_known_map_a_class_without_positive_values_and_no_class() -> None:
    cam = np.array([[[-3.0, 0.0, 2.0, 4.0]], [[-1.0, -2.0, -3.0, 0.0]], [[1.0, 3.0, 2.0, 1.0]]])
    expected = [[[0, 0, 0.5, 1]], [[0, 0, 0, 0]], [[0, 1, 0.5, 0]]]
    np.testing.assert_allclose(unit_scores(cam), expected, atol=1e-6)
    assert unit_scores(np.zeros((0, 2, 3))).shape == (0, 2, 3)
