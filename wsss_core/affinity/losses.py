"""The loss of AffinityNet training (PSA, Ahn & Kwak, CVPR 2018, equations 5-8 with the weights of the public code)."""

from dataclasses import dataclass

import torch

EPSILON = 1e-5  # inside the logarithms and the denominators, as published
BACKGROUND_WEIGHT = 0.25
FOREGROUND_WEIGHT = 0.25
NEGATIVE_WEIGHT = 0.5


@dataclass(frozen=True)
class AffinityLoss:
    """Scalar tensors: the weighted `total` and its three means."""

    total: torch.Tensor
    background: torch.Tensor
    foreground: torch.Tensor
    negative: torch.Tensor


def _mean_where(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.where(mask, values, 0).sum() / (mask.sum() + EPSILON)


def affinity_loss(
    affinity: torch.Tensor, background: torch.Tensor, foreground: torch.Tensor, negative: torch.Tensor
) -> AffinityLoss:
    """Cross-entropy of pair affinities against the three kinds of pairs.

    All arguments have one shape, (B, P, n): `affinity` float in (0, 1], the others bool (see
    `pair_targets`). Sums run over the whole batch, not per image. A kind without a pair adds 0.
    """
    if not affinity.shape == background.shape == foreground.shape == negative.shape:
        shapes = [tuple(tensor.shape) for tensor in (affinity, background, foreground, negative)]
        raise ValueError(f"expected affinity and the three targets in one shape (B, P, n), found {shapes}")
    # One logarithm for all pairs, and choices instead of products with float weights: at IRN's size, two million pairs
    # per image, it is what autograd keeps that fills the memory.
    entropy = torch.where(negative, 1.0 + EPSILON - affinity, affinity + EPSILON).log().neg_()
    means = tuple(_mean_where(entropy, kind) for kind in (background, foreground, negative))
    total = BACKGROUND_WEIGHT * means[0] + FOREGROUND_WEIGHT * means[1] + NEGATIVE_WEIGHT * means[2]
    return AffinityLoss(total, *means)
