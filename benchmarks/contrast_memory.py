"""Memory of SPML's losses, forward and backward: blocks of pixels against masks of all pixels times all segments.

Baseline (the public code of SPML, Ke et al., ICLR 2021): for every relationship the similarities, a mask of the
positives and both masked products, each pixels times segments and kept for the gradient. Every way runs in a process of
its own.
"""

from collections.abc import Callable

import torch
from torch.nn import functional

from benchmarks.memory import added_peak_mb
from benchmarks.timing import Comparison
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.contrast import Relation, contrastive_loss, same_label

PIXELS, SEGMENTS, CHANNELS = 32768, 512, 64  # two crops on the grid of a quarter
LABELS = {6.0: 21, 8.0: 10, 12.0: 4}  # concentration of a relationship -> sets of segments that belong together
TARGET = 4
FEW = 64  # pixels computed first, so that what libraries load at their first call does not count


def masked_loss(
    vector_PD: torch.Tensor, prototype_ND: torch.Tensor, relation: Relation, concentration: float
) -> torch.Tensor:
    """The published computation."""
    similarity_PN = (vector_PD @ prototype_ND.T).mul(concentration).exp()
    positive_PN = relation.positive_GN[relation.group_P].float()
    own_P = (similarity_PN * functional.one_hot(relation.own_P, len(prototype_ND)).float()).sum(1)
    others_P = (similarity_PN * positive_PN).sum(1) - own_P
    numerator_P = torch.where(others_P > 0, others_P, own_P)
    return -(numerator_P / (numerator_P + (similarity_PN * (1 - positive_PN)).sum(1))).log().mean()


Loss = Callable[[torch.Tensor, torch.Tensor, Relation, float], torch.Tensor]


def gradient(loss: Loss, pixels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum of the relationships' losses of the first pixels of the example, and its gradient (P, D)."""
    generator = torch.Generator().manual_seed(0)
    vector_PD = unit(torch.randn(pixels, CHANNELS, generator=generator)).requires_grad_()
    prototype_ND = unit(torch.randn(SEGMENTS, CHANNELS, generator=generator))
    own_P = torch.arange(pixels) % SEGMENTS
    total = torch.zeros(())
    for concentration, labels in LABELS.items():
        total = total + loss(vector_PD, prototype_ND, same_label(own_P, torch.arange(SEGMENTS) % labels), concentration)
    total.backward()  # type: ignore[no-untyped-call]
    assert vector_PD.grad is not None
    return total.detach(), vector_PD.grad


def with_masks() -> Callable[[], object]:
    """The losses as published."""
    gradient(masked_loss, FEW)
    return lambda: gradient(masked_loss, PIXELS)


def in_blocks() -> Callable[[], object]:
    """The losses of this project."""
    gradient(contrastive_loss, FEW)
    return lambda: gradient(contrastive_loss, PIXELS)


def run() -> list[Comparison]:
    """Peaks for a batch; both ways must agree on a small one."""
    torch.testing.assert_close(gradient(contrastive_loss, FEW), gradient(masked_loss, FEW), rtol=1e-3, atol=1e-5)
    size = f"{PIXELS} pixels, {SEGMENTS} segments"
    plain_mb, ours_mb = added_peak_mb(with_masks), added_peak_mb(in_blocks)
    return [Comparison("contrast of pixels and segments, memory", size, "MB", plain_mb, ours_mb, target=TARGET)]
