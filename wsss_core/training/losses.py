"""Losses of tag classifiers and segmentation networks."""

import torch
from torch.nn import functional

IGNORE = 255


def multilabel_soft_margin(scores_BC: torch.Tensor, tags_BC: torch.Tensor) -> torch.Tensor:
    """Scalar: binary cross entropy of scores (before the sigmoid) against tags in {0, 1}, mean over classes and batch.

    PSA (Ahn & Kwak, CVPR 2018). Computed in float32, in the form that does not overflow.
    """
    if scores_BC.shape != tags_BC.shape:
        raise ValueError(
            f"expected scores and tags in one shape (B, C), found {tuple(scores_BC.shape)} and {tuple(tags_BC.shape)}"
        )
    return functional.binary_cross_entropy_with_logits(scores_BC.float(), tags_BC.float())


def cross_entropy(scores_BKhw: torch.Tensor, label_Bhw: torch.Tensor) -> torch.Tensor:
    """Scalar: softmax cross entropy, mean over all cells of the batch whose label is not 255.

    `scores_BKhw` float, before the softmax; `label_Bhw` integer in 0..K-1 or 255. A batch without any labelled cell has
    loss 0 (with a gradient of 0), not NaN.
    """
    if scores_BKhw.shape[0] != label_Bhw.shape[0] or scores_BKhw.shape[2:] != label_Bhw.shape[1:]:
        raise ValueError(
            f"expected labels of the batch and grid of the scores {tuple(scores_BKhw.shape)}, "
            f"found {tuple(label_Bhw.shape)}"
        )
    label_P = label_Bhw.flatten().long()
    # Rows per cell: the two-dimensional form of this loss has no deterministic kernel on CUDA.
    scores_PK = scores_BKhw.float().movedim(1, -1).flatten(0, -2)
    total = functional.cross_entropy(scores_PK, label_P, ignore_index=IGNORE, reduction="sum")
    return total / (label_P != IGNORE).sum().clamp(min=1)
