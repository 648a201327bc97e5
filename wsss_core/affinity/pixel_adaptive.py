"""Pixel-adaptive mask refinement (PAMR; Araslanov & Roth, CVPR 2020, 4.2): every pixel takes over the mean of pixels of
like colour around it, several times.

48 neighbours: 8 around the pixel at each of six distances. In place of a map per class and neighbour, one running sum
is kept per class. Classes do not mix, so those that are not wanted need not be refined.
"""

from collections.abc import Iterator, Sequence

import torch
from torch.nn import functional

ITERATIONS = 10
DILATIONS = (1, 2, 4, 8, 12, 24)
OFFSETS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
"""Rows and columns of the neighbours, in units of a dilation."""
DEVIATION_SHARE = 0.1
EPSILON = 1e-8


def refine_masks(
    image_B3HW: torch.Tensor,
    mask_BKhw: torch.Tensor,
    iterations: int = ITERATIONS,
    dilations: Sequence[int] = DILATIONS,
) -> torch.Tensor:
    """Refined masks float32 (B, K, H, W) of masks of any classes, without gradient.

    `image_B3HW`: float RGB in 0..1. Masks of another size are first brought to that of the image, bilinearly, corners
    aligned. Where masks sum to 1 over the classes, the refined ones do. Beyond the border the outermost pixel goes on.
    Raises `ValueError` where the batches differ or there is no dilation.
    """
    if image_B3HW.shape[0] != mask_BKhw.shape[0] or not dilations:
        raise ValueError(
            f"expected an image for each of {mask_BKhw.shape[0]} masks and at least one dilation, found "
            f"{image_B3HW.shape[0]} images, dilations {list(dilations)}"
        )
    image_B3HW, mask = image_B3HW.detach().float(), mask_BKhw.detach().float()
    if mask.shape[2:] != image_B3HW.shape[2:]:
        size_hw = (image_B3HW.shape[2], image_B3HW.shape[3])
        mask = functional.interpolate(mask, size=size_hw, mode="bilinear", align_corners=True)
    if mask.numel() == 0:
        return mask
    weight_BnHW = neighbour_weights(image_B3HW, dilations)
    for _ in range(iterations):
        refined = torch.zeros_like(mask)
        for number, neighbour in enumerate(_neighbours(mask, dilations)):
            refined.addcmul_(weight_BnHW[:, number, None], neighbour)
        mask = refined
    return mask


def neighbour_weights(image_B3HW: torch.Tensor, dilations: Sequence[int] = DILATIONS) -> torch.Tensor:
    """Weights (B, 8 * dilations, H, W) of the neighbours, summing to 1 per pixel; the pixel itself has none.

    The softmax over the neighbours of -|difference| / (0.1 deviation), mean over the colours, where the deviation
    (unbiased) is that of all neighbours and of the pixel, counted once for each dilation.
    """
    centre, count = image_B3HW, len(dilations) * (len(OFFSETS) + 1)
    mean = len(dilations) * centre
    for neighbour in _neighbours(image_B3HW, dilations):
        mean = mean + neighbour
    mean = mean / count
    squares = len(dilations) * (centre - mean) ** 2
    for neighbour in _neighbours(image_B3HW, dilations):
        squares = squares + (neighbour - mean) ** 2
    scale = EPSILON + DEVIATION_SHARE * (squares / (count - 1)).sqrt()
    affinities = [-((neighbour - centre).abs() / scale).mean(dim=1) for neighbour in _neighbours(image_B3HW, dilations)]
    return torch.stack(affinities, dim=1).softmax(dim=1)


def _neighbours(maps_BDHW: torch.Tensor, dilations: Sequence[int]) -> Iterator[torch.Tensor]:
    """Views (B, D, H, W) of the maps, each shifted to one neighbour, dilation after dilation."""
    reach, (height, width) = max(dilations), maps_BDHW.shape[2:]
    padded = functional.pad(maps_BDHW, (reach, reach, reach, reach), mode="replicate")
    for dilation in dilations:
        for down, across in OFFSETS:
            top, left = reach + down * dilation, reach + across * dilation
            yield padded[:, :, top : top + height, left : left + width]
