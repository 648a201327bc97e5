"""Context of the one-stage baseline (Araslanov & Roth, CVPR 2020): the spatial pyramid of DeepLab v3.

Module names are those of the published checkpoints.
"""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.one_stage.fixed_statistics import FixedStatistics
from wsss_core.networks.one_stage.initial_values import start_convolutions

DILATIONS = (1, 12, 24, 36)
"""Of the four branches; the first has a 1x1 kernel. The same on every backbone."""
DROPOUT = 0.5


class DilatedUnit(nn.Module):
    """Convolution, BatchNorm, ReLU; keeps the grid."""

    def __init__(self, width_in: int, width: int, dilation: int) -> None:
        super().__init__()
        kernel = 1 if dilation == 1 else 3
        padding = 0 if kernel == 1 else dilation
        self.atrous_conv = nn.Conv2d(width_in, width, kernel, padding=padding, dilation=dilation, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        return functional.relu(self.bn(self.atrous_conv(x)))


class ContextPyramid(FixedStatistics):
    """Context of the deep feature, on its own grid."""

    def __init__(self, width_in: int, width: int, dilations: tuple[int, ...] = DILATIONS) -> None:
        """Build with Kaiming-normal convolutions.

        Args:
            width_in: channels of the deep feature.
            width: channels of each branch and of the result (published: 256).
            dilations: of the branches; 1 stands for a 1x1 convolution.
        """
        super().__init__()
        self.branch_names = [f"aspp{number}" for number in range(1, len(dilations) + 1)]
        for name, dilation in zip(self.branch_names, dilations, strict=True):
            self.add_module(name, DilatedUnit(width_in, width, dilation))
        self.global_avg_pool = nn.Sequential(
            nn.Identity(), nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.conv1 = nn.Conv2d(width * (len(dilations) + 1), width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(DROPOUT)
        start_convolutions(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        branches = [self.get_submodule(name)(x) for name in self.branch_names]
        average = self.global_avg_pool(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        merged = functional.relu(self.bn1(self.conv1(torch.cat([*branches, average], dim=1))))
        context: torch.Tensor = self.dropout(merged)
        return context
