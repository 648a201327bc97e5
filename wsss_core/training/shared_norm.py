"""BatchNorm over the images of all processes of a training, as SPML's cards computed it (Ke et al., ICLR 2021).

Two things are apart: statistics of all processes, and the authors' form of the division, 1 / sqrt(max(var, eps)) in the
place of 1 / sqrt(var + eps). The two forms differ by about 1e-5 where a channel varies, and more where it hardly does.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from wsss_core.training import processes

_MOMENTUM = 0.1


def shared_moments(rows_ND: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Mean and biased variance, each (D,), and number of the rows of all processes.

    Gradients of all processes' losses come back to each process's rows, so all must call it, and `backward`, alike.
    """
    if processes.size() == 1:
        variance, mean = torch.var_mean(rows_ND, dim=0, correction=0)
        return mean, variance, len(rows_ND)
    number = torch.tensor([len(rows_ND)], device=rows_ND.device)
    dist.all_reduce(number)
    count = int(number)
    mean = _summed(rows_ND.sum(dim=0)) / count
    return mean, _summed(((rows_ND - mean) ** 2).sum(dim=0)) / count, count


def clamped_inverse(variance_D: torch.Tensor, eps: float) -> torch.Tensor:
    """1 / sqrt(max(variance, eps)) (D,)."""
    return variance_D.clamp(min=eps).rsqrt()


class SharedBatchNorm2d(nn.BatchNorm2d):
    """In training with the statistics of all processes' images; in evaluation an ordinary BatchNorm."""

    clamped: bool = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to the same shape; the running statistics move by `momentum`."""
        if not self.training:
            return super().forward(x)
        mean, variance, count = shared_moments(x.float().movedim(1, -1).flatten(0, -2))
        self._move(mean.detach(), variance.detach() * (count / max(1, count - 1)))
        inverse = clamped_inverse(variance, self.eps) if self.clamped else (variance + self.eps).rsqrt()
        scale = inverse * self.weight
        shaped: torch.Tensor = (x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]
        return shaped.to(x.dtype)

    @torch.no_grad()
    def _move(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        momentum = _MOMENTUM if self.momentum is None else self.momentum
        for running, value in ((self.running_mean, mean), (self.running_var, variance)):
            assert running is not None
            running.mul_(1 - momentum).add_(value, alpha=momentum)
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)


def share_norms(network: nn.Module, clamped: bool) -> None:
    """Let every BatchNorm2d of a network take the statistics of all processes; parameters and statistics stay.

    `clamped`: in the authors' form of the division.
    """
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
        if isinstance(module, SharedBatchNorm2d):
            module.clamped = clamped


def _summed(values_D: torch.Tensor) -> torch.Tensor:
    total: torch.Tensor = _Sum.apply(values_D)
    return total


class _Sum(torch.autograd.Function):
    """Sum over the processes; every process's loss depends on what each brings, so gradients are summed likewise."""

    @staticmethod
    def forward(ctx: Any, values_D: torch.Tensor) -> torch.Tensor:
        total = values_D.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total
