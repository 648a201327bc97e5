"""From an image to the masks of a one-stage network: copies through the network, classes decided, masks averaged."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch

from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork
from wsss_core.networks.precision import as_input, inference
from wsss_core.segmenters.crop_views import crop_views, merged_crops
from wsss_core.segmenters.padded_views import Normalise, View, mask_of_image, padded_views
from wsss_core.settings.one_stage import OneStagePredictionsSettings

Decide = Callable[[np.ndarray], Sequence[int]]
"""Probabilities (C,) of the foreground classes -> label ids 1..C of those in the image."""


class ViewScores(NamedTuple):
    """What the network says of one copy: tag scores (C,), class scores (K, h, w), size of its input."""

    tag_scores_C: torch.Tensor
    scores_Khw: torch.Tensor
    canvas_hw: tuple[int, int]


def image_masks(
    network: OneStageNetwork,
    normalise: Normalise,
    image_HW3: np.ndarray,
    settings: OneStagePredictionsSettings,
    decide: Decide,
) -> np.ndarray:
    """Mean masks float32 (K, H, W) in 0..1 of the background and the decided classes; the others are 0.

    `image_HW3` uint8 RGB of at least 1x1 pixel. `network` is in evaluation mode; its device is used. Only the masks of
    decided classes are enlarged. Raises `ValueError` when the network is in training mode.
    """
    if network.training:
        raise ValueError("the network is in training mode; call its eval() first, or its predictions are random")
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    place, views = _views(image_HW3, settings, normalise)
    scores = list(view_scores(network, [array for _, array in views], settings))
    highest_C = torch.stack([of_view.tag_scores_C for of_view in scores]).sigmoid().amax(dim=0)
    channels = [0, *sorted(decide(highest_C.cpu().numpy()))]
    masks = (network.masks(entry.scores_Khw[None], entry.canvas_hw, channels)[0] for entry in scores)
    where = [view for view, _ in views]
    with torch.inference_mode():
        if place is None:
            mean_kHW = mean_over_views(masks, where, size_hw)
        else:
            mean_kHW = merged_crops(torch.stack(list(masks)), where, place)
    mask_KHW = np.zeros((network.classes, *size_hw), np.float32)
    mask_KHW[channels] = mean_kHW.cpu().numpy()
    return mask_KHW


def mean_over_views(masks: Iterator[torch.Tensor], views: Sequence[View], size_hw: tuple[int, int]) -> torch.Tensor:
    """Mean masks (K, H, W) of the image from those of its copies, each (K, P, Q); one at a time is in memory."""
    total_KHW: torch.Tensor | None = None
    for mask_KPQ, view in zip(masks, views, strict=True):
        mask_KHW = mask_of_image(mask_KPQ, view, size_hw)
        total_KHW = mask_KHW if total_KHW is None else total_KHW.add_(mask_KHW)
    if total_KHW is None:
        raise ValueError("expected at least one copy of the image, found none")
    return total_KHW.div_(len(views))


def view_scores(
    network: OneStageNetwork, arrays: Sequence[np.ndarray], settings: OneStagePredictionsSettings
) -> Iterator[ViewScores]:
    """The network's scores of inputs float32 (3, P, Q), copies of equal size in batches of `views_per_batch`."""
    device = str(next(network.parameters()).device)
    for (height, width), group in groupby(arrays, key=lambda array: (array.shape[1], array.shape[2])):
        members = list(group)
        for start in range(0, len(members), settings.views_per_batch):
            batch = torch.from_numpy(np.stack(members[start : start + settings.views_per_batch]))
            with inference(settings.precision, device):
                result = network.tags_and_scores(as_input(batch, device), settings.focal_lambda)
            for tag_scores_C, scores_Khw in zip(*result, strict=True):
                yield ViewScores(tag_scores_C.float(), scores_Khw.float(), (height, width))


def above_cut(probability_C: np.ndarray, cut: float) -> list[int]:
    """Label ids 1..C of the classes whose probability is above the cut."""
    return [int(channel) + 1 for channel in np.flatnonzero(probability_C > cut)]


def _views(
    image_HW3: np.ndarray, settings: OneStagePredictionsSettings, normalise: Normalise
) -> tuple[View | None, list[tuple[View, np.ndarray]]]:
    """Copies or crops; with crops also the place of the image on their canvas."""
    canvas_hw = None if settings.canvas is None else (settings.canvas, settings.canvas)
    if settings.crops is None or canvas_hw is None:
        return None, padded_views(image_HW3, settings.scales, settings.mirror, canvas_hw, normalise)
    crop_hw = (settings.crops.crop, settings.crops.crop)
    return crop_views(image_HW3, canvas_hw, crop_hw, settings.crops.grid, normalise)
