"""Contrast of pixels with segments: a pixel is drawn to related segments and pushed from the others (SPML, eq. 3-6).

A pixel's relation to a segment depends on the pixel's own segment alone, so pixels fall into few groups with one row of
positive segments each. Sums over positives and negatives are then products with two small matrices: no mask of pixels
times segments, and in blocks of pixels that are computed anew for the gradient, no such matrix is kept.
"""

from typing import NamedTuple

import torch
from torch.utils.checkpoint import checkpoint

BLOCK = 8192
"""Pixels whose similarities to all segments are in memory at a time."""


class Relation(NamedTuple):
    """`own_P` int64: each pixel's own segment. `group_P` int64: its group. `positive_GN` bool: related segments."""

    own_P: torch.Tensor
    group_P: torch.Tensor
    positive_GN: torch.Tensor


def contrastive_loss(
    vector_PD: torch.Tensor, prototype_ND: torch.Tensor, relation: Relation, concentration: float
) -> torch.Tensor:
    """Mean over pixels of -log(num / (num + sum of negatives)), a scalar; 0 without pixels.

    w = exp(concentration · cosine). num is the sum of the positives less the own similarity where that is above 0, else
    the own similarity. The subtraction in float32 is part of the published method: at concentration 16 the own
    similarity swallows other positives below half of its last bit, and then takes their place. Computed in float32
    whatever the network's precision.
    """
    if not len(vector_PD):
        return vector_PD.sum() * 0
    return pixel_losses(vector_PD, prototype_ND, relation, concentration).mean()


def pixel_losses(
    vector_PD: torch.Tensor, prototype_ND: torch.Tensor, relation: Relation, concentration: float
) -> torch.Tensor:
    """The loss (P,) of each pixel; see `contrastive_loss`."""
    positive_NG = relation.positive_GN.T.float()
    member_NS = torch.cat([positive_NG, 1 - positive_NG], dim=1)
    with torch.autocast(vector_PD.device.type, enabled=False):
        blocks = [
            checkpoint(
                _block_loss, vectors, prototype_ND.float(), own, groups, member_NS, concentration, use_reentrant=False
            )
            for vectors, own, groups in zip(
                vector_PD.float().split(BLOCK), relation.own_P.split(BLOCK), relation.group_P.split(BLOCK), strict=True
            )
        ]
    return torch.cat(blocks)


def _block_loss(
    vector_PD: torch.Tensor,
    prototype_ND: torch.Tensor,
    own_P: torch.Tensor,
    group_P: torch.Tensor,
    member_NS: torch.Tensor,
    concentration: float,
) -> torch.Tensor:
    similarity_PN = (concentration * (vector_PD @ prototype_ND.T)).exp()
    own = similarity_PN.gather(1, own_P[:, None])[:, 0]
    sum_PS = similarity_PN @ member_NS
    groups = member_NS.shape[1] // 2
    others = sum_PS.gather(1, group_P[:, None])[:, 0] - own
    negatives = sum_PS.gather(1, group_P[:, None] + groups)[:, 0]
    numerator = torch.where(others > 0, others, own)
    return -(numerator / (numerator + negatives)).log()


def same_label(own_P: torch.Tensor, label_N: torch.Tensor) -> Relation:
    """Positive are the segments with the label of the pixel's own segment. label_N: int64 (N,)."""
    labels, place_N = label_N.unique(return_inverse=True)
    return Relation(own_P, place_N[own_P], torch.arange(len(labels), device=label_N.device)[:, None] == place_N[None])


def shared_tag(own_P: torch.Tensor, tag_NC: torch.Tensor) -> Relation:
    """Positive are the segments that share a tag with the pixel's own segment. tag_NC: 0 or 1, (N, C).

    A pixel whose segment has no tag has no positive; its own similarity then counts as numerator and as negative.
    """
    rows_GC, place_N = (tag_NC > 0).unique(dim=0, return_inverse=True)
    return Relation(own_P, place_N[own_P], rows_GC.float() @ (tag_NC > 0).float().T > 0)
