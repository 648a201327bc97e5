"""Losses of tag classifiers and segmentation networks."""

import torch
from torch.nn import functional

from wsss_core.label_ids import BACKGROUND, IGNORE, is_known


def multilabel_soft_margin(scores_BC: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Scalar: binary cross entropy of scores (before the sigmoid) against tags in {0, 1}, mean over classes and batch.

    PSA (Ahn & Kwak, CVPR 2018). Computed in float32, in the form that does not overflow.
    """
    _check_shapes(scores_BC, tags_BC)
    return functional.binary_cross_entropy_with_logits(scores_BC.float(), tags_BC.float())


def cross_entropy(scores_BKhw: torch.Tensor, label_Bhw: torch.Tensor) -> torch.Tensor:
    """Scalar: softmax cross entropy, mean over all cells of the batch whose label is not 255.

    `scores_BKhw` float, before the softmax; `label_Bhw` integer in 0..K-1 or 255. A batch without any labelled cell has
    loss 0 (with a gradient of 0), not NaN.
    """
    loss_P, label_P = _cell_losses(scores_BKhw, label_Bhw)
    return _mean_where(loss_P, label_P != IGNORE)


def balanced_cross_entropy(scores_BKhw: torch.Tensor, label_Bhw: torch.Tensor) -> torch.Tensor:
    """Scalar: mean cross entropy of the background cells plus that of the foreground cells, halved.

    Seeding loss of DSRG (Huang et al., CVPR 2018, equation 1) up to the factor. Arguments as of `cross_entropy`; a half
    without cells is 0.
    """
    loss_P, label_P = _cell_losses(scores_BKhw, label_Bhw)
    background_P = label_P == BACKGROUND
    return (_mean_where(loss_P, background_P) + _mean_where(loss_P, ~background_P & (label_P != IGNORE))) / 2


def _cell_losses(scores_BKhw: torch.Tensor, label_Bhw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropy (P,) float32 of every cell, 0 where the label is 255, and the labels (P,) int64."""
    if scores_BKhw.shape[0] != label_Bhw.shape[0] or scores_BKhw.shape[2:] != label_Bhw.shape[1:]:
        raise ValueError(
            f"expected labels of the batch and grid of the scores {tuple(scores_BKhw.shape)}, "
            f"found {tuple(label_Bhw.shape)}"
        )
    label_P = label_Bhw.flatten().long()
    # Rows per cell: the two-dimensional form of this loss has no deterministic kernel on CUDA.
    scores_PK = scores_BKhw.float().movedim(1, -1).flatten(0, -2)
    return functional.cross_entropy(scores_PK, label_P, ignore_index=IGNORE, reduction="none"), label_P


def _mean_where(loss_P: torch.Tensor, chosen_P: torch.Tensor) -> torch.Tensor:
    return (loss_P * chosen_P).sum() / chosen_P.sum().clamp(min=1)


def masked_cross_entropy(scores_BKhw: torch.Tensor, label_Bhw: torch.Tensor) -> torch.Tensor:
    """`cross_entropy` that passes over every label that is no class: unlabelled pixels as well as ignored ones."""
    return cross_entropy(scores_BKhw, torch.where(is_known(label_Bhw, scores_BKhw.shape[1]), label_Bhw, IGNORE))


def multilabel_margin(scores_BC: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Scalar: hinge between every tag and every other class, max(0, 1 - (tag - other)), summed, over C; mean over B.

    `scores_BC` before the sigmoid, tags in {0, 1}; torch's `multilabel_margin_loss`, in float32.
    """
    _check_shapes(scores_BC, tags_BC)
    is_tag_BC = tags_BC > 0
    margin_BCC = 1 - (scores_BC.float()[:, :, None] - scores_BC.float()[:, None, :])
    pairs_BCC = is_tag_BC[:, :, None] & ~is_tag_BC[:, None, :]
    return (margin_BCC.clamp(min=0) * pairs_BCC).sum(dim=(1, 2)).mean() / scores_BC.shape[1]


def _check_shapes(scores_BC: torch.Tensor, tags_BC: torch.Tensor) -> None:
    if scores_BC.shape != tags_BC.shape:
        raise ValueError(
            f"expected scores and tags in one shape (B, C), found {tuple(scores_BC.shape)} and {tuple(tags_BC.shape)}"
        )
