"""Connected pieces of the owned areas as instances."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.instances.pieces import connected_pieces

OWNERS = hnp.arrays(np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3))


@given(OWNERS, st.integers(0, 9))
def test_pieces_are_disjoint_and_cover_what_is_owned(owner_HW: np.ndarray, minimum: int) -> None:
    score_HW = np.arange(1, owner_HW.size + 1, dtype=np.float32).reshape(owner_HW.shape)
    rebuilt = np.zeros_like(owner_HW)
    for piece in connected_pieces(owner_HW, score_HW, minimum):
        assert not rebuilt[piece.mask_HW].any()
        rebuilt[piece.mask_HW] = piece.channel + 1
        assert piece.score == (score_HW[piece.mask_HW].max() if piece.mask_HW.sum() >= minimum else 0)
    np.testing.assert_array_equal(rebuilt, owner_HW)


def test_channels_ascend_and_pieces_follow_the_raster() -> None:
    owner_HW = np.array([[2, 0, 1, 0], [2, 0, 0, 1], [0, 2, 1, 1]], np.int32)
    found = [
        (piece.channel, np.argwhere(piece.mask_HW)[0].tolist()) for piece in connected_pieces(owner_HW, owner_HW, 0)
    ]
    assert found == [(0, [0, 2]), (0, [1, 3]), (1, [0, 0]), (1, [2, 1])]


def test_too_small_pieces_have_no_score() -> None:
    owner_HW = np.array([[1, 0, 1, 1]], np.int32)
    scores = [piece.score for piece in connected_pieces(owner_HW, np.full((1, 4), 0.75), 1.5)]
    assert scores == [0.0, 0.75]


def test_nothing_owned_gives_no_piece() -> None:
    assert not list(connected_pieces(np.zeros((3, 3), np.int32), np.ones((3, 3)), 0))
