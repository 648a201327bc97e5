"""Following displacements to centroids, and the areas around them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.instances.centroids import instance_map, refine_centroids

FIELDS = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).flatmap(
    lambda size_hw: hnp.arrays(np.float32, (2, *size_hw), elements=st.floats(-4, 4, width=16))
)


def plain_form(displacement_2hw: np.ndarray, steps: int) -> np.ndarray:
    """Positions (2, h, w) float64: every cell in every step, weights of the four corners written out."""
    field = displacement_2hw.astype(np.float64)
    last = np.array(field.shape[1:])[:, None, None] - 1
    position = np.indices(field.shape[1:]).astype(np.float64)
    for _ in range(steps):
        (top, left), (fy, fx) = position.astype(int), position % 1
        bottom, right = np.minimum(top + 1, last[0]), np.minimum(left + 1, last[1])
        upper = field[:, top, left] * (1 - fx) + field[:, top, right] * fx
        lower = field[:, bottom, left] * (1 - fx) + field[:, bottom, right] * fx
        position = np.clip(position + upper * (1 - fy) + lower * fy, 0, last)
    return position


def towards(size_hw: tuple[int, int], *centres: tuple[float, float]) -> np.ndarray:
    """A field (2, h, w) in which every cell points to the nearest of some centres."""
    y, x = np.mgrid[: size_hw[0], : size_hw[1]].astype(np.float32)
    nearest = np.argmin([(y - cy) ** 2 + (x - cx) ** 2 for cy, cx in centres], axis=0)
    goal = np.array(centres, np.float32)[nearest]
    return np.stack([goal[..., 0] - y, goal[..., 1] - x])


@given(FIELDS, st.integers(0, 12))
def test_equals_the_plain_form(displacement_2hw: np.ndarray, steps: int) -> None:
    position = plain_form(displacement_2hw, steps)
    end = refine_centroids(displacement_2hw, steps)
    assert end.dtype == np.int64
    # Half a cell apart at most, up to rounding: where a position lies between two cells either may be the nearest.
    assert np.abs(end - position).max() <= 0.5 + 1e-6


@given(FIELDS)
@settings(max_examples=25)
def test_cells_that_have_arrived_are_left_alone_without_a_difference(displacement_2hw: np.ndarray) -> None:
    slow = displacement_2hw * 0.25
    first = refine_centroids(slow, 64)
    arrived = np.abs(plain_form(slow, 40) - plain_form(slow, 64)).max(axis=0) == 0
    later = refine_centroids(slow, 300)
    np.testing.assert_array_equal(first[:, arrived], later[:, arrived])


def test_no_step_leaves_every_cell_where_it_is() -> None:
    np.testing.assert_array_equal(refine_centroids(np.ones((2, 3, 4)), 0), np.mgrid[:3, :4])


def test_positions_are_clipped_to_the_grid() -> None:
    away = np.full((2, 3, 5), -100.0)
    assert not refine_centroids(away, 1).any()
    assert (refine_centroids(-away, 1) == np.array([2, 4])[:, None, None]).all()


def test_the_end_is_rounded_not_truncated() -> None:
    assert (refine_centroids(towards((4, 5), (1.7, 2.6)), 50) == np.array([2, 3])[:, None, None]).all()


def test_channel_0_is_down_and_channel_1_is_right() -> None:
    step = np.zeros((2, 4, 4))
    step[0] = 1
    np.testing.assert_array_equal(refine_centroids(step, 1)[:, 0, 0], [1, 0])
    np.testing.assert_array_equal(refine_centroids(step[::-1], 1)[:, 0, 0], [0, 1])


def test_two_centres_give_two_instances_in_raster_order() -> None:
    field = towards((20, 30), (14, 8), (5, 22))
    one_hot = instance_map(field, refine_centroids(field))
    assert one_hot.shape == (2, 20, 30)
    assert one_hot.sum(axis=0).min() == one_hot.sum(axis=0).max() == 1
    assert one_hot[0, 5, 22]
    assert one_hot[1, 14, 8]


def test_areas_that_touch_at_a_corner_are_two() -> None:
    displacement = np.full((2, 2, 2), 9.0)
    displacement[:, [0, 1], [0, 1]] = 0
    own_cell = np.mgrid[:2, :2]
    np.testing.assert_array_equal(
        instance_map(displacement, own_cell), [[[True, False], [False, False]], [[False, False], [False, True]]]
    )


def test_an_area_where_nothing_arrives_and_cells_that_arrive_outside_all_areas_do_not_count() -> None:
    displacement = np.zeros((2, 1, 5))
    displacement[1, 0, [1, 3]] = 2.5  # of exactly the limit: not short
    arrival = np.array([[[0] * 5, [0, 0, 1, 4, 4]]]).reshape(2, 1, 5)
    np.testing.assert_array_equal(
        instance_map(displacement, arrival), [[[True, True, False, False, False]], [[False] * 3 + [True] * 2]]
    )
    longer = instance_map(displacement, arrival, centroid_length=2.6)
    np.testing.assert_array_equal(longer, np.ones((1, 1, 5), bool))


def test_without_any_short_displacement_there_is_no_instance() -> None:
    field = np.full((2, 4, 6), 30.0)
    assert instance_map(field, refine_centroids(field)).shape == (0, 4, 6)
