"""Overlapping crops of a padded image: the alternative to several scales in the one-stage codes (`multicrop`)."""

from collections.abc import Sequence

import numpy as np
import torch

from wsss_core.segmenters.padded_views import Normalise, View, padded_views


def crop_views(
    image_HW3: np.ndarray,
    canvas_hw: tuple[int, int],
    crop_hw: tuple[int, int],
    grid: tuple[int, int],
    normalise: Normalise,
) -> tuple[View, list[tuple[View, np.ndarray]]]:
    """Place of the image on the canvas, and the crops, row after row, each mirrored first and then plain.

    A crop's view says where it lies on the canvas; its input is float32 (3, crop height, crop width).
    """
    [(place, canvas_3PQ)] = padded_views(image_HW3, (1.0,), False, canvas_hw, normalise)
    crops = []
    tops, lefts = (
        evenly_spread(canvas_3PQ.shape[axis + 1] - crop_hw[axis], grid[axis]) for axis in range(len(crop_hw))
    )
    for top in tops:
        for left in lefts:
            crop_3hw = canvas_3PQ[:, top : top + crop_hw[0], left : left + crop_hw[1]]
            for mirrored in (True, False):
                array = np.ascontiguousarray(crop_3hw[:, :, ::-1] if mirrored else crop_3hw)
                crops.append((View(top, left, *crop_hw, mirrored), array))
    return place, crops


def evenly_spread(slack: int, count: int) -> list[int]:
    """Starts of `count` crops from 0 to `slack`, rounded down; a single one starts at 0."""
    return [number * slack // max(1, count - 1) for number in range(count)]


def merged_crops(masks_VKhw: torch.Tensor, views: Sequence[View], place: View) -> torch.Tensor:
    """Mean masks (K, H, W) of the image from those of its crops; 0 where no crop lies."""
    rows = max(place.top + place.height, *(view.top + view.height for view in views))
    columns = max(place.left + place.width, *(view.left + view.width for view in views))
    total_KPQ = masks_VKhw.new_zeros((masks_VKhw.shape[1], rows, columns))
    count_PQ = masks_VKhw.new_zeros((rows, columns))
    for mask_Khw, view in zip(masks_VKhw, views, strict=True):
        window = (slice(view.top, view.top + view.height), slice(view.left, view.left + view.width))
        total_KPQ[:, *window] += mask_Khw.flip(-1) if view.mirrored else mask_Khw
        count_PQ[window] += 1
    inside = (slice(place.top, place.top + place.height), slice(place.left, place.left + place.width))
    return total_KPQ[:, *inside] / count_PQ[inside].clamp(min=1)
