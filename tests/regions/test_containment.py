import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.artifacts.rle import encode_masks
from wsss_core.regions.containment import free_standing

SIZE = (5, 6)
MASKS = arrays(bool, st.tuples(st.integers(1, 8), st.just(SIZE[0]), st.just(SIZE[1])))


def plain(mask_RHW: np.ndarray, level_R: np.ndarray, threshold: float) -> list[int]:
    """The rule mask by mask, with dense products."""
    kept: list[int] = []
    for level in (2, 1, 0):
        above = list(kept)
        for index in np.flatnonzero(level_R == level):
            mask = mask_RHW[index]
            shares = [(mask & mask_RHW[other]).sum() / max(mask.sum(), 1) for other in above]
            if not above or (mask.any() and max(shares) < threshold):
                kept.append(int(index))
    return kept


@given(MASKS, st.data())
def test_the_masks_that_stay_are_those_of_the_plain_rule(mask_RHW, data):
    level_R = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(mask_RHW), max_size=len(mask_RHW))))
    threshold = data.draw(st.sampled_from([0.0, 0.3, 0.5, 1.0]))
    kept = free_standing(encode_masks(mask_RHW), level_R, SIZE, threshold)
    assert kept.tolist() == plain(mask_RHW, level_R, threshold)


def test_empty_masks_go_when_compared_and_stay_in_a_level_taken_whole():
    masks = np.zeros((3, *SIZE), bool)
    masks[1, :2] = True
    assert free_standing(encode_masks(masks), np.array([1, 1, 0]), SIZE, 0.3).tolist() == [0, 1]


def test_no_masks_leave_none():
    assert free_standing((), np.zeros(0, int), SIZE, 0.3).tolist() == []
