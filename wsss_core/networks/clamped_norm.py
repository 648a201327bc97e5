"""BatchNorm as the synchronised form that SPML trained with computes it: the variance is held up, not shifted.

1 / sqrt(max(var, eps)) in the place of 1 / sqrt(var + eps). The two differ by about 1e-5 where a channel varies, and
for channels that hardly do.
"""

import torch
from torch import nn


def clamped_statistics(rows_ND: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean, 1 / sqrt(max(biased variance, eps)) and unbiased variance, each (D,), over the rows."""
    variance, mean = torch.var_mean(rows_ND, dim=0, correction=0)
    count = len(rows_ND)
    return mean, variance.clamp(min=eps).rsqrt(), variance * (count / max(1, count - 1))


class ClampedBatchNorm2d(nn.BatchNorm2d):
    """In training as `clamped_statistics` over batch and grid; in evaluation an ordinary BatchNorm."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to the same shape; the running statistics move by `momentum`."""
        if not self.training:
            return super().forward(x)
        mean, inverse, unbiased = clamped_statistics(x.movedim(1, -1).flatten(0, -2), self.eps)
        self._move(mean.detach(), unbiased.detach())
        scale = inverse * self.weight
        shaped: torch.Tensor = (x - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]
        return shaped

    @torch.no_grad()
    def _move(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        momentum = 0.1 if self.momentum is None else self.momentum
        for running, value in ((self.running_mean, mean), (self.running_var, variance)):
            assert running is not None
            running.mul_(1 - momentum).add_(value, alpha=momentum)
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)


def clamp_norms(network: nn.Module) -> None:
    """Let every BatchNorm2d of a network compute in the clamped form; parameters and statistics stay."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = ClampedBatchNorm2d
