"""Seeds by SAM masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks, mask_areas, one_ranges
from wsss_core.seeds.sams import mask_means, sams_seed
from wsss_core.settings.seeds import SamsSettings

SIZE = (3, 6)
IDS = np.array([2, 5], np.int32)
MASKS = arrays(bool, st.tuples(st.integers(0, 6), st.just(SIZE[0]), st.just(SIZE[1])))
CAMS = arrays(np.float32, (2, *SIZE), elements=st.floats(-2, 3, width=16))


def regions_of(mask_SHW: np.ndarray, level: list[int] | None = None) -> RegionRow:
    rles = encode_masks(mask_SHW)
    ones = np.ones(len(rles), np.float32)
    level_S = np.zeros(len(rles), np.int32) if level is None else np.array(level, np.int32)
    return RegionRow("a", SIZE, rles, mask_areas(rles, SIZE), level_S, ones, ones)


def columns(*chosen: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[:, list(chosen)] = True
    return mask


def plain(cam_CHW: np.ndarray, mask_SHW: np.ndarray, level: np.ndarray, alpha: float) -> np.ndarray:
    """The rule as the publication states it, with dense masks."""
    label = np.zeros(SIZE, np.uint8)
    used = [index for index, mask in enumerate(mask_SHW) if mask.any()]
    if not used:
        return label
    cam = np.maximum(cam_CHW.astype(np.float64), 0)
    means = np.array([[one[mask_SHW[index]].mean() for one in cam] for index in used])
    low, high = means.min(axis=0), means.max(axis=0)
    score = (means - low) / (high - low + 1e-7)
    full = np.concatenate([(1 - score.max(axis=1, keepdims=True)) ** alpha, score], axis=1)
    order = sorted(range(len(used)), key=lambda place: (level[used[place]], full[place].max()))
    for place in order:
        label[mask_SHW[used[place]]] = [0, *IDS][full[place].argmax()]
    return label


@given(st.integers(0, 2**32 - 1), MASKS, st.data())
def test_seeds_are_those_of_the_plain_rule(number, mask_SHW, data):
    cam_CHW = np.random.default_rng(number).normal(size=(2, *SIZE)).astype(np.float32)
    level = data.draw(st.lists(st.integers(0, 2), min_size=len(mask_SHW), max_size=len(mask_SHW)))
    label, _ = sams_seed(cam_CHW, IDS, regions_of(mask_SHW, level), SamsSettings(alpha=0.7))
    np.testing.assert_array_equal(label, plain(cam_CHW, mask_SHW, np.array(level), 0.7))


@given(CAMS, MASKS)
def test_means_are_those_of_the_pixels(cam_CHW, mask_SHW):
    mask_SHW = mask_SHW[mask_SHW.any(axis=(1, 2))]
    masks = [one_ranges(code, SIZE, "mask") for code in encode_masks(mask_SHW)]
    expected = np.array([[one[mask].mean(dtype=np.float64) for one in cam_CHW] for mask in mask_SHW]).reshape(-1, 2)
    np.testing.assert_allclose(mask_means(cam_CHW, masks), expected, atol=1e-6)


CAM = np.zeros((2, *SIZE), np.float32)
CAM[0, :, :2], CAM[1, :, 3:] = 0.9, 0.4
CAM[:, :, 2] = -5


def test_each_class_is_stretched_over_the_masks_so_that_a_weak_one_can_win() -> None:
    masks = np.stack([columns(0, 1), columns(3, 4), columns(2)])
    label, confidence = sams_seed(CAM, IDS, regions_of(masks), SamsSettings(confidence=True))
    assert label[0].tolist() == [2, 2, 0, 5, 5, 0]
    assert confidence is not None
    assert confidence[0].tolist() == [255, 255, 255, 255, 255, 0]


def test_wholes_cover_parts_and_on_request_small_masks_cover_large_ones() -> None:
    masks, levels = np.stack([columns(0, 1, 2, 3, 4, 5), columns(3, 4), columns(2)]), [2, 1, 0]
    label, _ = sams_seed(CAM, IDS, regions_of(masks, levels), SamsSettings())
    assert (label == label[0, 0]).all()
    label, _ = sams_seed(CAM, IDS, regions_of(masks, levels), SamsSettings(on_top="small"))
    assert label[0, 2] == 0
    assert label[0, 3] == 5


def test_of_one_level_the_surer_mask_covers_the_other() -> None:
    masks = np.stack([columns(0, 1), columns(1, 2, 3), columns(5)])
    label, _ = sams_seed(CAM, IDS, regions_of(masks, [1, 1, 1]), SamsSettings())
    assert label[0, :2].tolist() == [2, 2]


def test_where_negative_values_are_cut_makes_a_difference() -> None:
    masks = np.stack([columns(0, 1, 2), columns(3), columns(0)])
    early, _ = sams_seed(CAM, IDS, regions_of(masks), SamsSettings(on_top="small", alpha=1))
    late, _ = sams_seed(CAM, IDS, regions_of(masks), SamsSettings(on_top="small", alpha=1, clip="means"))
    assert early[0].tolist() == [2, 2, 2, 5, 0, 0]
    assert late[0].tolist() == [2, 0, 0, 5, 0, 0]


@pytest.mark.parametrize(("rule", "value"), [("background", 0), ("ignore", 255)])
@pytest.mark.parametrize("masks", [np.zeros((0, *SIZE), bool), np.zeros((2, *SIZE), bool)])
def test_an_image_without_masks_follows_the_rule(rule, value, masks) -> None:
    label, _ = sams_seed(CAM, IDS, regions_of(masks), SamsSettings(without_masks=rule))
    assert (label == value).all()


def test_a_single_mask_is_background_as_published() -> None:
    label, _ = sams_seed(CAM, IDS, regions_of(columns(0)[None]), SamsSettings(without_masks="ignore"))
    assert not label.any()


def test_an_image_without_classes_is_background() -> None:
    label, _ = sams_seed(CAM[:0], IDS[:0], regions_of(np.stack([columns(0), columns(1)])), SamsSettings())
    assert not label.any()


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"image 'a': expected masks of the CAMs' size 4 x 6, found 3 x 6"):
        sams_seed(np.zeros((2, 4, 6), np.float32), IDS, regions_of(columns(0)[None]), SamsSettings())
