"""Boxes of masks, and the choice among masks of nearly the same box (SAM, Kirillov et al., ICCV 2023, appendix B)."""

import torch

from wsss_core.networks.nms import nms


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
