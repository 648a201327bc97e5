import numpy as np
import pytest

from wsss_core.regions.point_grid import scaled_grid, unit_grid


def test_points_are_tile_centres_row_after_row():
    np.testing.assert_array_equal(unit_grid(2), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]])


@pytest.mark.parametrize("side", [1, 3, 16])
def test_grid_is_symmetric_and_inside_the_square(side):
    grid = unit_grid(side)
    assert grid.shape == (side * side, 2)
    np.testing.assert_allclose(grid[::-1], 1 - grid)
    assert grid.min() == pytest.approx(0.5 / side)


def test_scaled_grid_has_x_along_the_width():
    grid = scaled_grid(4, (10, 100))
    assert grid[:, 0].max() == 87.5
    assert grid[:, 1].max() == 8.75


def test_no_points_are_refused():
    with pytest.raises(ValueError, match="at least 1 point per side, found 0"):
        unit_grid(0)
