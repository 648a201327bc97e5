"""Stability of a mask under a shift of its threshold (SAM, Kirillov et al., ICCV 2023, appendix B)."""

import torch


def stability_score(logits_RHW: torch.Tensor, offset: float, threshold: float = 0.0) -> torch.Tensor:
    """IoU of each mask cut at `threshold + offset` and at `threshold - offset`: float32 (R,) in 0..1.

    NaN where even the looser cut is empty; NaN fails every comparison, so such masks are dropped by any threshold.
    """
    inner_R = (logits_RHW > threshold + offset).sum(dim=(-2, -1), dtype=torch.int32)
    outer_R = (logits_RHW > threshold - offset).sum(dim=(-2, -1), dtype=torch.int32)
    return inner_R.float() / outer_R.float()
