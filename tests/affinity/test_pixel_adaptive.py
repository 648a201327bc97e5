"""Pixel-adaptive mask refinement against its definition, and its laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from wsss_core.affinity.pixel_adaptive import neighbour_weights, refine_masks


def picture_and_masks(height: int, width: int, classes: int = 3, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(height * 100 + width)
    image = torch.rand(batch, 3, height, width, generator=generator)
    return image, torch.rand(batch, classes, height, width, generator=generator).softmax(dim=1)


def defined(image_3HW: np.ndarray, mask_KHW: np.ndarray, iterations: int, dilations: tuple[int, ...]) -> np.ndarray:
    """Pixel by pixel, in float64."""
    height, width = mask_KHW.shape[1:]
    steps = [(dy * d, dx * d) for d in dilations for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
    for _ in range(iterations):
        result = np.zeros_like(mask_KHW)
        for y in range(height):
            for x in range(width):
                cells = [(min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)) for dy, dx in steps]
                near = np.array([image_3HW[:, row, column] for row, column in cells])
                all_values = np.concatenate([near, np.repeat(image_3HW[None, :, y, x], len(dilations), axis=0)])
                scale = 1e-8 + 0.1 * all_values.std(axis=0, ddof=1)
                affinity = (-np.abs(near - image_3HW[:, y, x]) / scale).mean(axis=1)
                weight = np.exp(affinity - affinity.max())
                weight /= weight.sum()
                result[:, y, x] = sum(
                    w * mask_KHW[:, row, column] for w, (row, column) in zip(weight, cells, strict=True)
                )
        mask_KHW = result
    return mask_KHW


@pytest.mark.parametrize(("size", "dilations"), [((5, 7), (1, 2)), ((1, 1), (1, 4)), ((3, 1), (2,))])
def test_masks_are_refined_as_defined(size: tuple[int, int], dilations: tuple[int, ...]) -> None:
    image, mask = picture_and_masks(*size, batch=1)
    refined = refine_masks(image, mask, 2, dilations)[0].numpy()
    expected = defined(image[0].double().numpy(), mask[0].double().numpy(), 2, dilations)
    np.testing.assert_allclose(refined, expected, rtol=0, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3))
def test_refined_masks_stay_between_the_extremes_and_sum_to_one(height: int, width: int, iterations: int) -> None:
    image, mask = picture_and_masks(height, width)
    refined = refine_masks(image, mask, iterations)
    torch.testing.assert_close(refined.sum(dim=1), torch.ones(2, height, width))
    assert refined.min() >= mask.min() - 1e-6
    assert refined.max() <= mask.max() + 1e-6


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(2, 9))
def test_mirroring_before_or_after_is_the_same(height: int, width: int) -> None:
    image, mask = picture_and_masks(height, width)
    torch.testing.assert_close(refine_masks(image.flip(-1), mask.flip(-1), 2), refine_masks(image, mask, 2).flip(-1))


def test_classes_and_pictures_do_not_mix() -> None:
    image, mask = picture_and_masks(6, 8)
    alone = refine_masks(image[1:], mask[1:, [2]])
    torch.testing.assert_close(refine_masks(image, mask)[1:, [2]], alone)


def test_a_mask_spreads_over_its_colour_and_not_beyond() -> None:
    image = torch.zeros(1, 3, 9, 12)
    image[..., 6:] = 1.0
    mask = torch.zeros(1, 1, 9, 12)
    mask[..., 3:5, 1:3] = 1.0
    refined = refine_masks(image, mask)[0, 0]
    assert refined[:, :6].min() > 0.01
    assert refined[:, 6:].max() < 1e-3


def test_masks_of_another_size_come_to_that_of_the_picture_with_corners_aligned() -> None:
    image, _ = picture_and_masks(9, 12)
    _, mask = picture_and_masks(4, 5)
    larger = functional.interpolate(mask, size=(9, 12), mode="bilinear", align_corners=True)
    torch.testing.assert_close(refine_masks(image, mask, 1), refine_masks(image, larger, 1))
    torch.testing.assert_close(refine_masks(image, mask, 0), larger)


def test_weights_sum_to_one_also_on_a_picture_of_one_colour() -> None:
    for image in (torch.full((1, 3, 5, 6), 0.5), picture_and_masks(5, 6)[0]):
        weights = neighbour_weights(image)
        assert weights.shape[1] == 48
        torch.testing.assert_close(weights.sum(dim=1), torch.ones(len(image), 5, 6))


def test_there_is_no_gradient_and_no_class_is_no_error() -> None:
    image, mask = picture_and_masks(4, 4)
    assert not refine_masks(image, mask.requires_grad_()).requires_grad
    assert refine_masks(image, mask[:, :0]).shape == (2, 0, 4, 4)


def test_a_picture_for_each_mask_and_a_dilation_are_needed() -> None:
    image, mask = picture_and_masks(4, 4)
    with pytest.raises(ValueError, match=r"expected an image for each of 1 masks .* found 2 images"):
        refine_masks(image, mask[:1])
    with pytest.raises(ValueError, match=r"at least one dilation, found .*dilations \[\]"):
        refine_masks(image, mask, dilations=())
