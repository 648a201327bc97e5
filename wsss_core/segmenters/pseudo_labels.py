"""Labels that a one-stage network makes for itself while it learns (Araslanov & Roth, CVPR 2020, 4.2)."""

import torch
from torch.nn import functional

from wsss_core.affinity.pixel_adaptive import refine_masks
from wsss_core.label_ids import IGNORE
from wsss_core.networks.one_stage.one_stage_network import enlarge_corners
from wsss_core.settings.one_stage import PseudoLabelSettings


def known_masks(mask_BKHW: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Masks with the classes that are no tags of their image set to 0; the rest is not scaled up."""
    return torch.cat([mask_BKHW[:, :1], mask_BKHW[:, 1:] * tags_BC[:, :, None, None]], dim=1)


def refined_masks(
    scores_BKhw: torch.Tensor, image_B3HW: torch.Tensor, tags_BC: torch.Tensor, settings: PseudoLabelSettings
) -> torch.Tensor:
    """Masks (B, K, H, W) of background and tags, refined on the grid of the scores; the other classes are 0.

    `scores_BKhw` before the softmax; `image_B3HW` RGB in 0..1 at the size of the network's input, which the image is
    reduced from; `tags_BC` in {0, 1}. Only the classes that some image of the batch has as a tag are refined.
    """
    mask_BKhw = scores_BKhw.detach().float().softmax(dim=1)
    grid_hw, size_hw = mask_BKhw.shape[2:], (image_B3HW.shape[2], image_B3HW.shape[3])
    image_B3hw = enlarge_corners(image_B3HW, (grid_hw[0], grid_hw[1]))
    channels_BT = tag_channels(tags_BC)
    index_BThw = channels_BT[:, :, None, None].expand(-1, -1, *grid_hw)
    refined_BThw = refine_masks(image_B3hw, mask_BKhw.gather(1, index_BThw), settings.iterations, settings.dilations)
    all_BKhw = torch.zeros_like(mask_BKhw).scatter_(1, index_BThw, refined_BThw)
    return known_masks(enlarge_corners(all_BKhw, size_hw), tags_BC)


def tag_channels(tags_BC: torch.Tensor) -> torch.Tensor:
    """Channels (B, T) of background and tags of each image, T as many as the richest has; others repeat the
    background."""
    has_BC = tags_BC > 0
    count = int(has_BC.sum(dim=1).max()) if has_BC.numel() else 0
    numbers_C = torch.arange(1, tags_BC.shape[1] + 1, device=tags_BC.device)
    sorted_BC = torch.where(has_BC, numbers_C, 0).sort(dim=1, descending=True).values
    return functional.pad(sorted_BC[:, :count], (1, 0))


def pseudo_labels(mask_BKHW: torch.Tensor, settings: PseudoLabelSettings) -> torch.Tensor:
    """Labels (B, H, W) from masks in 0..1: the one class above its threshold; 255 where none or several are.

    The threshold of a class is a share of its maximum over the image (background 0.7, others 0.6), at least 0.2.
    """
    share_K = mask_BKHW.new_full((mask_BKHW.shape[1],), settings.foreground_share)
    share_K[0] = settings.background_share
    peak_BK = mask_BKHW.amax(dim=(2, 3))
    threshold_BK = (share_K * peak_BK).clamp(min=settings.lowest)
    above_BKHW = mask_BKHW > threshold_BK[:, :, None, None]
    dtype = torch.uint8 if len(share_K) <= IGNORE + 1 else torch.int32
    label_BHW = above_BKHW.to(torch.uint8).argmax(dim=1).to(dtype)
    return torch.where(above_BKHW.sum(dim=1) == 1, label_BHW, torch.full_like(label_BHW, IGNORE))
