"""Alignment of WS-FCN (Wang et al., TNNLS 2023): the deep feature is read, for each cell of the shallow one, at a place
that both together decide (after semantic flow, Li et al., ECCV 2020)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.one_stage.warping import sample_bilinear


class Alignment(nn.Module):
    """Warps the deep feature to the grid of the shallow one. Convolutions start with torch's default."""

    def __init__(self, low_width: int, width: int) -> None:
        """`low_width`: channels of the shallow feature; `width`: of the deep one, and twice those that are compared."""
        super().__init__()
        self.down_h = nn.Conv2d(width, width // 2, 1, bias=False)
        self.down_l = nn.Conv2d(low_width, width // 2, 1, bias=False)
        self.flow_make = nn.Conv2d(width // 2 * 2, 2, 3, padding=1, bias=False)

    def forward(self, low_BDHW: torch.Tensor, deep_BDhw: torch.Tensor) -> torch.Tensor:
        """The deep feature (B, width, H, W) on the grid of the shallow one (B, low_width, H, W)."""
        height, width = low_BDHW.shape[2:]
        deep = functional.interpolate(
            self.down_h(deep_BDhw), size=(height, width), mode="bilinear", align_corners=False
        )
        flow_B2HW = self.flow_make(torch.cat([deep, self.down_l(low_BDHW)], dim=1))
        # Cells of flow become shares of the grid; x first.
        size = torch.tensor([width, height], device=flow_B2HW.device)
        shift_BHW2 = flow_B2HW.float().movedim(1, -1) / size
        return sample_bilinear(deep_BDhw, _cell_positions(height, width).to(shift_BHW2) + shift_BHW2)


def _cell_positions(height: int, width: int) -> torch.Tensor:
    """Positions (H, W, 2) of the cells, (x, y) in -1..1."""
    y_HW, x_HW = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.stack([x_HW, y_HW], dim=-1)
