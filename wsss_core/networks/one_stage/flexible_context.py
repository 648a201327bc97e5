"""Flexible context aggregation of WS-FCN (Wang et al., TNNLS 2023): separable dilated convolutions of four reaches
under shared channel attention, the picture's average, and spatial attention on their sum.

Module names are those of the published checkpoints, whose BatchNorm in each branch takes no part and is left out here.
"""

import torch
from torch import nn

from wsss_core.networks.one_stage.fixed_statistics import FixedStatistics
from wsss_core.networks.one_stage.initial_values import start_convolutions

KERNELS = (1, 3, 5, 7)
DILATIONS = (1, 12, 24, 36)
"""Of the four branches, on every backbone."""
DROPOUT = 0.5


class CrossedPaths(nn.Module):
    """A k x 1 then a 1 x k convolution, plus a 1 x k then a k x 1 one; keeps the grid."""

    def __init__(self, width_in: int, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        reach = dilation * (kernel - 1) // 2

        def tall(channels: int) -> nn.Conv2d:
            return nn.Conv2d(channels, width, (kernel, 1), padding=(reach, 0), dilation=(dilation, 1), bias=False)

        def wide(channels: int) -> nn.Conv2d:
            return nn.Conv2d(channels, width, (1, kernel), padding=(0, reach), dilation=(1, dilation), bias=False)

        self.conv1_1, self.conv1_2 = tall(width_in), wide(width)
        self.conv2_1, self.conv2_2 = wide(width_in), tall(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        crossed: torch.Tensor = self.conv1_2(self.conv1_1(x)) + self.conv2_2(self.conv2_1(x))
        return crossed


class ChannelAttention(nn.Module):
    """A factor in 0..1 per channel from its average and its maximum over the grid."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sharedMLP = nn.Sequential(
            nn.Conv2d(width, width, 1, bias=False), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1, bias=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to (B, D, 1, 1)."""
        mean, peak = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        return torch.sigmoid(self.sharedMLP(mean) + self.sharedMLP(peak))


class SpatialAttention(nn.Module):
    """A factor in 0..1 per cell from the average and the maximum over its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to (B, 1, h, w)."""
        return torch.sigmoid(self.conv(torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)))


class FlexibleContext(FixedStatistics):
    """Context of the deep feature, on its own grid."""

    def __init__(self, width_in: int, width: int, dilations: tuple[int, ...] = DILATIONS) -> None:
        """Build with Kaiming-normal convolutions.

        Args:
            width_in: channels of the deep feature.
            width: channels of each branch and of the result (published: 256).
            dilations: of the four branches.
        """
        super().__init__()
        self.sa = SpatialAttention()
        self.ca = ChannelAttention(width)
        for number, (kernel, dilation) in enumerate(zip(KERNELS, dilations, strict=True), start=1):
            self.add_module(f"fca{number}", CrossedPaths(width_in, width, kernel, dilation))
        self.global_avg_pool = nn.Sequential(
            nn.Identity(), nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.conv1 = nn.Conv2d(width * (len(KERNELS) + 1), width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(DROPOUT)
        start_convolutions(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        branches = []
        for number in range(1, len(KERNELS) + 1):
            branch = self.get_submodule(f"fca{number}")(x)
            branches.append(branch * self.ca(branch))
        average = self.global_avg_pool(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        merged = self.bn1(self.conv1(torch.cat([*branches, average], dim=1)))
        context: torch.Tensor = self.dropout(merged * self.sa(merged) + merged)
        return context
