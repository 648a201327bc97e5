"""Copies of an image on a square and the way back, of scales and of crops."""

import numpy as np
import pytest
import torch

from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.segmenters.crop_views import crop_views, evenly_spread, merged_crops
from wsss_core.segmenters.one_stage_masks import mean_over_views
from wsss_core.segmenters.padded_views import View, mask_of_image, padded_views


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (21, 30, 3)).astype(np.uint8)


def test_copies_stand_in_the_centre_and_the_rest_is_0_after_normalising(image):
    views = padded_views(image, (1.0, 0.5), True, (64, 64), IMAGENET_RGB)
    assert [view for view, _ in views] == [
        View(21, 17, 21, 30, False),
        View(21, 17, 21, 30, True),
        View(27, 24, 10, 15, False),
        View(27, 24, 10, 15, True),
    ]
    for view, array in views:
        inside = np.zeros((64, 64), bool)
        inside[view.top : view.top + view.height, view.left : view.left + view.width] = True
        assert array.shape == (3, 64, 64)
        assert (array[:, ~inside] == 0).all()
    np.testing.assert_array_equal(views[0][1][:, 21:42, 17:47], IMAGENET_RGB(image))
    np.testing.assert_array_equal(views[1][1][:, 21:42, 17:47], IMAGENET_RGB(image)[:, :, ::-1])


def test_a_copy_larger_than_the_canvas_has_a_larger_one_and_none_means_no_padding(image):
    [(view, array)] = padded_views(image, (2.0,), False, (50, 50), IMAGENET_RGB)
    assert array.shape == (3, 50, 60)
    assert (view.top, view.left) == (4, 0)
    [(view, array)] = padded_views(image, (1.0,), False, None, IMAGENET_RGB)
    assert array.shape == (3, 21, 30)


@pytest.mark.parametrize("canvas", [(64, 64), None])
def test_masks_find_their_way_back(image, canvas):
    views = padded_views(image, (1.0,), True, canvas, IMAGENET_RGB)
    masks = [torch.from_numpy(array) for _, array in views]
    mean = mean_over_views(iter(masks), [view for view, _ in views], (21, 30))
    np.testing.assert_allclose(mean.numpy(), IMAGENET_RGB(image), atol=1e-5)


def test_a_smooth_mask_survives_a_change_of_scale():
    mask = torch.linspace(0, 1, 40).expand(1, 40, 40)
    back = mask_of_image(mask, View(0, 0, 40, 40, True), (20, 20))
    assert back.shape == (1, 20, 20)
    torch.testing.assert_close(back[0, 0], torch.linspace(1, 0, 40).view(20, 2).mean(dim=1), atol=1e-3, rtol=0)


def test_crops_cover_the_canvas_and_merge_to_the_whole(image):
    place, crops = crop_views(image, (48, 48), (32, 32), (2, 2), IMAGENET_RGB)
    assert place == View(13, 9, 21, 30, False)
    assert [(view.top, view.left, view.mirrored) for view, _ in crops[:4]] == [
        (0, 0, True),
        (0, 0, False),
        (0, 16, True),
        (0, 16, False),
    ]
    masks = torch.from_numpy(np.stack([array for _, array in crops]))
    merged = merged_crops(masks, [view for view, _ in crops], place)
    np.testing.assert_allclose(merged.numpy(), IMAGENET_RGB(image), atol=1e-5)


def test_starts_are_evenly_spread():
    assert evenly_spread(32, 2) == [0, 32]
    assert evenly_spread(33, 3) == [0, 16, 33]
    assert evenly_spread(32, 1) == [0]


def test_there_must_be_something_to_merge():
    with pytest.raises(ValueError, match="at least one copy"):
        mean_over_views(iter([]), [], (4, 4))
