import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.regions.crops import crops_of, points_per_side

SIDES = st.integers(1, 700)


@given(st.tuples(SIDES, SIDES), st.integers(0, 2), st.floats(0, 0.5))
def test_crops_of_every_layer_cover_the_image_and_stay_inside(size_hw, layers, overlap):
    crops = crops_of(size_hw, layers, overlap)
    if min(size_hw) >= 4:
        assert len(crops) == sum(4**layer for layer in range(layers + 1))
    assert crops[0][:4] == (0, 0, size_hw[1], size_hw[0])
    for layer in range(layers + 1):
        covered = np.zeros(size_hw, bool)
        for crop in crops:
            if crop.layer == layer:
                assert crop.size_hw == crop.cut(covered).shape
                crop.cut(covered)[:] = True
        assert covered.all()


def test_published_crops_of_a_voc_photograph():
    crops = crops_of((375, 500), 1, 512 / 1500)
    assert [tuple(crop) for crop in crops[1:]] == [
        (0, 0, 314, 252, 1),
        (0, 124, 314, 375, 1),
        (186, 0, 500, 252, 1),
        (186, 124, 500, 375, 1),
    ]
    assert crops[1].area == 314 * 252


@pytest.mark.parametrize(("layer", "expected"), [(0, 32), (1, 16), (2, 8), (6, 1)])
def test_points_get_fewer_from_layer_to_layer_but_never_none(layer, expected):
    assert points_per_side(32, layer, 2) == expected
