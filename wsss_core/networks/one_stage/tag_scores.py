"""Tag scores from masks: normalised global weighted pooling with a focal penalty on small masks (Araslanov & Roth,
CVPR 2020, 4.1)."""

import torch

FOCAL_POWER = 3
FOCAL_LAMBDA = 0.01


def tag_scores(scores_BKhw: torch.Tensor, focal_lambda: float = FOCAL_LAMBDA) -> torch.Tensor:
    """Scores (B, C) of the foreground classes before the sigmoid, from class scores (B, K, h, w) before the softmax.

    With masks m, the softmax over the classes: the mean of the scores weighted by m, where 1 is added to the weights'
    sum, plus (1 - a)^3 log(lambda + a) of the mean mask a. The sum runs over cells, so the value depends on their
    number: a class that is nowhere scores about log(lambda), one that is everywhere its mean score.
    """
    mask_BKhw = scores_BKhw.softmax(dim=1)
    scores_BCN, mask_BCN = scores_BKhw[:, 1:].flatten(2), mask_BKhw[:, 1:].flatten(2)
    pooled_BC = (scores_BCN * mask_BCN).sum(dim=2) / (1 + mask_BCN.sum(dim=2))
    area_BC = mask_BCN.mean(dim=2)
    return pooled_BC + (1 - area_BC) ** FOCAL_POWER * torch.log(focal_lambda + area_BC)
