"""The self-supervised loss of the one-stage networks (Araslanov & Roth, CVPR 2020, 4.2): cross entropy with classes
balanced within each image."""

import torch
from torch.nn import functional

from wsss_core.label_ids import IGNORE
from wsss_core.networks.one_stage.one_stage_network import enlarge_corners


def mask_losses(scores_BKhw: torch.Tensor, label_BHW: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Loss (B,) of each image: weighted cross entropy, mean over all its pixels, the ignored ones (as 0) among them.

    `scores_BKhw` before the softmax, brought to the size of the labels with corners aligned; `label_BHW` integer,
    255 = ignore; `tags_BC` in {0, 1}. A class on n_c of n labelled pixels has the weight (n - n_c) / (1 + n). An image
    whose labels do not show the background and every tag has loss 0.
    """
    classes = scores_BKhw.shape[1]
    size_hw = (label_BHW.shape[1], label_BHW.shape[2])
    label_BN = label_BHW.flatten(1).long()
    count_BK = torch.stack([(label_BN == label).sum(dim=1) for label in range(classes)], dim=1).float()
    total_B1 = count_BK.sum(dim=1, keepdim=True)
    weight_BK = (total_B1 - count_BK) / (1 + total_B1)
    is_known_BN = label_BN != IGNORE
    weight_BN = weight_BK.gather(1, label_BN.where(is_known_BN, 0)) * is_known_BN
    # Rows per pixel: the two-dimensional form of this loss has no deterministic kernel on CUDA.
    scores_PK = enlarge_corners(scores_BKhw.float(), size_hw).movedim(1, -1).flatten(0, -2)
    entropy_P = functional.cross_entropy(scores_PK, label_BN.flatten(), ignore_index=IGNORE, reduction="none")
    loss_B = (entropy_P.view_as(weight_BN) * weight_BN).mean(dim=1)
    is_complete_B = (count_BK > 0).sum(dim=1) == (tags_BC > 0).sum(dim=1) + 1
    return loss_B * is_complete_B
