"""Bilinear enlargement of maps whose gradient is deterministic on every device."""

from typing import Any, cast

import torch
from torch.nn import functional


def enlarge(maps_Phw: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Resize float maps to (P, H, W), half-pixel centres; one gradient may be taken."""
    return cast(torch.Tensor, _Enlarge.apply(maps_Phw, size_hw))


def bilinear_weights(cells: int, size: int, device: torch.device) -> torch.Tensor:
    """(size, cells): which share each cell has in each pixel of an axis."""
    return functional.interpolate(torch.eye(cells, device=device)[None], size, mode="linear")[0].T


class _Enlarge(torch.autograd.Function):
    """Forwards as PyTorch does, to the last bit, because equal pixels decide about the slope of a distance from the
    maximum; backwards as two products of matrices, because PyTorch has no deterministic way on CUDA."""

    @staticmethod
    def forward(ctx: Any, maps_Phw: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
        ctx.grid_hw = (maps_Phw.shape[1], maps_Phw.shape[2])
        return functional.interpolate(maps_Phw[None], size_hw, mode="bilinear", align_corners=False)[0]

    @staticmethod
    def backward(ctx: Any, gradient_PHW: torch.Tensor) -> tuple[torch.Tensor, None]:
        rows_Hh, columns_Ww = (
            bilinear_weights(cells, size, gradient_PHW.device)
            for cells, size in zip(ctx.grid_hw, gradient_PHW.shape[1:], strict=True)
        )
        return rows_Hh.T @ gradient_PHW @ columns_Ww, None
