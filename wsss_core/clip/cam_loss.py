"""CAM activation loss: CAMs should be high inside of seeds and low outside (FMA-WSSS, Yang & Gong, WACV 2024)."""

from typing import Literal, NamedTuple

import torch

from wsss_core.clip.enlarge import enlarge
from wsss_core.label_ids import IGNORE

CamDistance = Literal["absolute", "squared"]
CamMean = Literal["pixels", "sides", "tags"]


class CamLoss(NamedTuple):
    """Both sides of the loss, scalars."""

    foreground: torch.Tensor
    background: torch.Tensor


def cam_activation_loss(
    maps_Phw: torch.Tensor,
    positives_P2: torch.Tensor,
    label_BHW: torch.Tensor,
    distance: CamDistance = "absolute",
    mean: CamMean = "pixels",
) -> CamLoss:
    """Distance of CAMs from their own maximum where the seeds have the class, and from 0 upwards where they have not.

    Args:
        maps_Phw: raw CAMs, one per image and class; enlarged to the seeds here (bilinear, half-pixel centres).
        positives_P2: int64, image and class (from 0) of each map.
        label_BHW: seeds, 0 background, c + 1 for class c, 255 counts for neither side.
        distance: |x|, or x²/2.
        mean: over the pixels of both sides together, of all maps ("pixels", published); half the mean of each side
            over all maps ("sides"); half the mean of each side of a map, then over maps ("tags").

    The maximum is that inside the seeds, at least 0, and a constant: no gradient goes through it. Without a map both
    sides are 0.
    """
    if not len(maps_Phw):
        return CamLoss(maps_Phw.sum(), maps_Phw.sum())
    maps_PHW = enlarge(maps_Phw.float(), (label_BHW.shape[1], label_BHW.shape[2]))
    label_PHW = label_BHW[positives_P2[:, 0]].long()
    inside_PHW = label_PHW == positives_P2[:, 1, None, None] + 1
    outside_PHW = ~inside_PHW & (label_PHW != IGNORE)
    peak_P11 = (maps_PHW.detach() * inside_PHW).amax(dim=(1, 2), keepdim=True).clamp(min=0)
    foreground_PHW = _distance(peak_P11 - maps_PHW, distance) * inside_PHW
    background_PHW = _distance(maps_PHW.relu(), distance) * outside_PHW
    if mean == "tags":
        sums, counts = (
            (side.sum(dim=(1, 2)) for side in pair)
            for pair in ((foreground_PHW, background_PHW), (inside_PHW, outside_PHW))
        )
        return CamLoss(*(0.5 * (total / count.clamp(min=1)).mean() for total, count in zip(sums, counts, strict=True)))
    inside, outside = inside_PHW.sum(), outside_PHW.sum()
    if mean == "pixels":
        both = (inside + outside).clamp(min=1)
        return CamLoss(foreground_PHW.sum() / both, background_PHW.sum() / both)
    return CamLoss(0.5 * foreground_PHW.sum() / inside.clamp(min=1), 0.5 * background_PHW.sum() / outside.clamp(min=1))


def _distance(difference: torch.Tensor, distance: CamDistance) -> torch.Tensor:
    return difference.abs() if distance == "absolute" else difference.square() / 2
