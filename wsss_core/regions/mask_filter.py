"""Boxes of masks, and the choice among masks of nearly the same box (SAM, Kirillov et al., ICCV 2023, appendix B)."""

import torch

from wsss_core.networks.nms import nms
from wsss_core.regions.crops import Crop

EDGE_PX = 20.0  # SAM's own constant


def mask_boxes(mask_RHW: torch.Tensor) -> torch.Tensor:
    """Smallest boxes around bool masks: int64 (R, 4), x0, y0, x1, y1, last pixel included; 0, 0, 0, 0 if empty."""
    first_x, last_x = _span(mask_RHW.any(dim=1))
    first_y, last_y = _span(mask_RHW.any(dim=2))
    return torch.stack([first_x, first_y, last_x, last_y], dim=1)


def _span(occupied_RL: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """First and last True along the last axis, both 0 where there is none."""
    length = occupied_RL.shape[1]
    # argmax of equal values gives the first one.
    first_R = occupied_RL.byte().argmax(dim=1)
    last_R = length - 1 - occupied_RL.flip(1).byte().argmax(dim=1)
    return first_R, torch.where(occupied_RL.any(dim=1), last_R, torch.zeros_like(last_R))


def best_of_overlapping(box_R4: torch.Tensor, score_R: torch.Tensor, threshold: float) -> torch.Tensor:
    """Indices (K,) of the masks left by non-maximum suppression of their boxes, best first, equal scores in order.

    A mask goes when its box has an IoU above `threshold` with that of a better mask that stays. Areas are
    (x1 - x0) * (y1 - y0), so two boxes one pixel wide never suppress each other.
    """
    return nms(box_R4.float(), score_R.float(), threshold)


def cut_by_crop(box_R4: torch.Tensor, crop: Crop, size_hw: tuple[int, int]) -> torch.Tensor:
    """Bool (R,): the boxes of which any side lies within 20 pixels of the same side of the crop, but not of the image.

    `box_R4`: in pixels of the image. Such masks end where the crop does, not where the thing does.
    """
    height, width = size_hw
    box_R4 = box_R4.float()
    crop_4 = torch.tensor([crop.x0, crop.y0, crop.x1, crop.y1], dtype=torch.float32, device=box_R4.device)
    image_4 = torch.tensor([0, 0, width, height], dtype=torch.float32, device=box_R4.device)
    at_crop_R4 = (box_R4 - crop_4).abs() <= EDGE_PX
    at_image_R4 = (box_R4 - image_4).abs() <= EDGE_PX
    return (at_crop_R4 & ~at_image_R4).any(dim=1)
