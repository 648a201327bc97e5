"""Multi-label contrastive loss on tag scores (FMA-WSSS, Yang & Gong, WACV 2024, section 3.2)."""

from typing import Literal

import torch

ContrastiveMean = Literal["tags", "images"]


def contrastive_loss(
    scores_BC: torch.Tensor, tags_BC: torch.Tensor, factor: float = 1.0, mean: ContrastiveMean = "tags"
) -> torch.Tensor:
    """Scalar: each tag of an image against the classes that the image has not; its other tags are left out.

    -log(e^p / (e^p + sum of e^n over absent classes)) of the scores times `factor`; mean over all tags, or over the
    images' means. Images without a tag, or with all, do not count; without any image that counts, 0 with gradient 0.
    `tags_BC` bool. Computed in float32, in the form that does not overflow.
    """
    if scores_BC.shape != tags_BC.shape:
        raise ValueError(
            f"expected scores and tags in one shape (B, C), found {tuple(scores_BC.shape)} and {tuple(tags_BC.shape)}"
        )
    counts_B = tags_BC.any(dim=1) & ~tags_BC.all(dim=1)
    if not bool(counts_B.any()):
        return scores_BC.sum() * 0
    scores_AC, tags_AC = factor * scores_BC[counts_B].float(), tags_BC[counts_B]
    absent_A1 = scores_AC.masked_fill(tags_AC, -torch.inf).logsumexp(dim=1, keepdim=True)
    loss_AC = torch.logaddexp(scores_AC, absent_A1) - scores_AC
    if mean == "tags":
        return loss_AC[tags_AC].mean()
    return ((loss_AC * tags_AC).sum(dim=1) / tags_AC.sum(dim=1)).mean()
