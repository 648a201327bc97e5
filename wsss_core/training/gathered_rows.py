"""Rows that every process has some of, brought together; gradients go back to the process that a row is from."""

from typing import Any

import torch
import torch.distributed as dist

from wsss_core.training import processes


def gathered_rows(row_NE: torch.Tensor) -> list[torch.Tensor]:
    """The rows of all processes, one tensor (N_r, E) for each in their order; N_r may differ, E and dtype may not.

    The gradient of a row is the sum of what all processes' losses ask of it: each must therefore call `backward` on
    something that depends on the result, as often as the others. Alone: the rows as they are.
    """
    if processes.size() == 1:
        return [row_NE]
    counts = [torch.zeros(1, dtype=torch.int64, device=row_NE.device) for _ in range(processes.size())]
    dist.all_gather(counts, torch.tensor([len(row_NE)], device=row_NE.device))
    sizes = [int(count) for count in counts]
    together: torch.Tensor = _Gather.apply(row_NE, sizes)
    return list(together.split(sizes))


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, row_NE: torch.Tensor, sizes: list[int]) -> torch.Tensor:
        ctx.sizes = sizes
        filled = row_NE.new_zeros(max(sizes), row_NE.shape[1])
        filled[: len(row_NE)] = row_NE
        pieces = [torch.empty_like(filled) for _ in sizes]
        dist.all_gather(pieces, filled)
        return torch.cat([piece[:count] for piece, count in zip(pieces, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        start = sum(ctx.sizes[: processes.rank()])
        return total[start : start + ctx.sizes[processes.rank()]], None
