"""The losses of IRNet training: boundaries by pair affinities, displacements by their differences (IRN, Ahn et al.,
CVPR 2019, equations 4-7 as in the public code).

A displacement points from a cell to the centre of its instance. Which instance a cell belongs to is not known, but two
cells of one class near each other mostly share one: then their displacements differ by the way from one to the other.
On the background they should not differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from wsss_core.affinity.losses import EPSILON, affinity_loss
from wsss_core.affinity.pair_targets import PairTargets
from wsss_core.affinity.pairs import from_grid_hw, pair_windows
from wsss_core.affinity.paths import path_offsets

Windows = tuple[tuple[slice, slice], tuple[slice, slice]]

COMPONENTS = 2  # dy and dx: the published mean is over components, not over pairs


@dataclass(frozen=True)
class IRNetLoss:
    """Scalar tensors: the `total` and its parts. `positive` is the mean of background and foreground pairs."""

    total: torch.Tensor
    positive: torch.Tensor
    negative: torch.Tensor
    displacement_foreground: torch.Tensor
    displacement_background: torch.Tensor


def irnet_loss(
    affinity_BPn: torch.Tensor, displacement_B2hw: torch.Tensor, targets: PairTargets[torch.Tensor], radius: int
) -> IRNetLoss:
    """(positive + negative) / 2 + (displacement_foreground + displacement_background) / 2.

    Sums run over the whole batch. A kind without a pair adds 0.

    Args:
        affinity_BPn: float in [0, 1], see `paths.path_affinity`.
        displacement_B2hw: float, in cells, channel 0 = dy, 1 = dx, before the mean shift.
        targets: of the same shape as the affinities, offsets in the order of `paths.path_offsets`.
        radius: of the pairs, in cells.
    """
    affinity = affinity_loss(affinity_BPn, *targets)
    foreground, background = displacement_losses(displacement_B2hw, targets, radius)
    return IRNetLoss(
        total=affinity.total + (foreground + background) / 2,
        positive=(affinity.background + affinity.foreground) / 2,
        negative=affinity.negative,
        displacement_foreground=foreground,
        displacement_background=background,
    )


def displacement_losses(
    displacement_B2hw: torch.Tensor, targets: PairTargets[torch.Tensor], radius: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Means, over foreground and over background pairs, of how far the displacements of a pair are from fitting.

    With d the displacements and o = (dy, dx) the offset: |d(from) - d(partner) - o| per component for foreground pairs,
    |d(from) - d(partner)| for background pairs. Raises `ValueError` when the targets are not those of the grid.
    """
    grid_hw = (displacement_B2hw.shape[2], displacement_B2hw.shape[3])
    rows, columns = from_grid_hw(grid_hw, radius)
    expected = (len(displacement_B2hw), len(path_offsets(radius)), rows * columns)
    if displacement_B2hw.shape[1] != COMPONENTS or targets.foreground.shape != expected:
        raise ValueError(
            f"expected displacements (B, 2, h, w) and targets {expected} (B, P, n), found "
            f"{tuple(displacement_B2hw.shape)} and {tuple(targets.foreground.shape)}"
        )
    sums_2 = _PairResidual.apply(displacement_B2hw, targets.foreground, targets.background, radius)
    counts_2 = torch.stack([targets.foreground.sum(), targets.background.sum()])
    means_2 = sums_2 / (COMPONENTS * counts_2 + EPSILON)
    return means_2[0], means_2[1]


class _PairResidual(torch.autograd.Function):
    """Summed residuals of foreground and background pairs, one offset at a time.

    Plain autograd holds the differences of all pairs, (B, 2, P, n) floats, several times over; here both directions
    need one offset's block, because the backward pass takes the differences again.
    """

    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx, displacement_B2hw: torch.Tensor, foreground_BPn: torch.Tensor, background_BPn: torch.Tensor, radius: int
    ) -> torch.Tensor:
        ctx.save_for_backward(displacement_B2hw, foreground_BPn, background_BPn)
        ctx.radius = radius
        sums_2 = displacement_B2hw.new_zeros(2)
        for number, (difference, offset, _) in enumerate(_differences(displacement_B2hw, radius)):
            foreground, background = (_of_offset(mask, number, difference) for mask in (foreground_BPn, background_BPn))
            sums_2[0] += torch.where(foreground, (difference - offset).abs_(), 0).sum()
            sums_2[1] += torch.where(background, difference.abs_(), 0).sum()
        return sums_2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_2: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # type: ignore[no-untyped-def]
        displacement_B2hw, foreground_BPn, background_BPn = ctx.saved_tensors
        gradient = torch.zeros_like(displacement_B2hw)
        for number, (difference, offset, windows) in enumerate(_differences(displacement_B2hw, ctx.radius)):
            foreground, background = (_of_offset(mask, number, difference) for mask in (foreground_BPn, background_BPn))
            flow = torch.where(foreground, (difference - offset).sign_() * grad_2[0], 0)
            flow += torch.where(background, difference.sign_() * grad_2[1], 0)
            for (rows, columns), share in zip(windows, (flow, -flow), strict=True):
                gradient[:, :, rows, columns] += share
        return gradient, None, None, None


def _differences(displacement_B2hw: torch.Tensor, radius: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, Windows]]:
    """For every offset d(from) - d(partner), (B, 2, rows, columns), the offset as (2, 1, 1) and both windows."""
    offsets = path_offsets(radius)
    grid_hw = (displacement_B2hw.shape[2], displacement_B2hw.shape[3])
    for offset, (source, partner) in zip(offsets, pair_windows(grid_hw, radius, offsets), strict=True):
        ends = [displacement_B2hw[:, :, rows, columns] for rows, columns in (source, partner)]
        yield ends[0] - ends[1], displacement_B2hw.new_tensor(offset)[:, None, None], (source, partner)


def _of_offset(mask_BPn: torch.Tensor, number: int, like_B2hw: torch.Tensor) -> torch.Tensor:
    """The pairs of one offset as (B, 1, rows, columns)."""
    return mask_BPn[:, number].reshape(len(mask_BPn), 1, *like_B2hw.shape[2:])
