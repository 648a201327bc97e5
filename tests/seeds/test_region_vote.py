"""Region vote seeds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.seeds.region_vote import region_vote_seed
from wsss_core.settings.seeds import RegionVoteSettings


def mask(*columns: int, width: int = 6) -> np.ndarray:
    result = np.zeros((1, width), bool)
    result[0, list(columns)] = True
    return result


SCORES = np.array([[[0.9, 0.1, 0.1, 0.1, 0.3, 0.0]], [[0.0, 0.0, 0.8, 0.6, 0.1, 0.5]]], np.float32)


def test_a_region_takes_the_class_with_the_highest_mean() -> None:
    label, _ = region_vote_seed(SCORES, [2, 5], [mask(0, 1, 2), mask(3, 4, 5)], RegionVoteSettings())
    assert label.tolist() == [[2, 2, 2, 5, 5, 5]]


def test_a_region_below_the_threshold_is_background() -> None:
    label, _ = region_vote_seed(SCORES, [2, 5], [mask(0, 1, 2), mask(3, 4, 5)], RegionVoteSettings(threshold=0.38))
    assert label.tolist() == [[0, 0, 0, 5, 5, 5]]


def test_later_masks_cover_earlier_ones_which_still_average_over_all_their_pixels() -> None:
    label, _ = region_vote_seed(SCORES, [2, 5], [mask(0, 1, 2, 3), mask(2)], RegionVoteSettings())
    assert label[0, :4].tolist() == [5, 5, 5, 5], "the large mask has mean 0.35 for class 5 with its covered pixel"


def test_pixels_in_no_region_follow_the_rule_for_pixels() -> None:
    label, _ = region_vote_seed(SCORES, [2, 5], [mask(0, 1)], RegionVoteSettings())
    assert label[0, 2:].tolist() == [5, 5, 2, 5]


def test_own_background_votes_too() -> None:
    scores = np.concatenate([np.full((1, 1, 6), 0.5, np.float32), SCORES])
    label, _ = region_vote_seed(scores, [0, 2, 5], [mask(0, 1, 2), mask(3, 4, 5)], RegionVoteSettings())
    assert label.max() == 0


def test_empty_masks_and_no_masks_leave_the_pixel_rule() -> None:
    without, _ = region_vote_seed(SCORES, [2, 5], [], RegionVoteSettings())
    empty, _ = region_vote_seed(SCORES, [2, 5], [mask()], RegionVoteSettings())
    assert without.tolist() == empty.tolist() == [[2, 0, 5, 5, 2, 5]]


def test_confidence_is_constant_over_a_region() -> None:
    _, confidence = region_vote_seed(SCORES, [2, 5], [mask(0, 1, 2)], RegionVoteSettings(confidence=True))
    assert confidence is not None
    assert len(set(confidence[0, :3].tolist())) == 1


def test_an_image_without_classes_is_background() -> None:
    label, _ = region_vote_seed(np.zeros((0, 1, 6), np.float32), [], [mask(0, 1)], RegionVoteSettings())
    assert label.tolist() == [[0] * 6]


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_single_pixel_regions_change_nothing(seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(0, 1, (3, 1, 6)).astype(np.float32)
    singles = [mask(column) for column in range(6)]
    voted, _ = region_vote_seed(scores, [1, 2, 3], singles, RegionVoteSettings())
    plain, _ = region_vote_seed(scores, [1, 2, 3], [], RegionVoteSettings())
    np.testing.assert_array_equal(voted, plain)
