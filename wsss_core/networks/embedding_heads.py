"""Heads that embed every cell: the pyramids of DeepLab and PSPNet in the forms of SPML (Ke et al., ICLR 2021)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.conv_unit import conv_unit

DILATIONS = (6, 12, 18, 24)
POOLED_SIDES = (1, 2, 3, 6)
POOLED_WIDTH = 512


class SummedPyramid(nn.Module):
    """Parallel 3x3 convolutions of several dilations with bias, without norm and ReLU, summed: DeepLab's ASPP.

    The branches are called `aspp_1`, `aspp_2`, ... and start with torch's default.
    """

    def __init__(self, width_in: int, width: int, dilations: tuple[int, ...] = DILATIONS) -> None:
        super().__init__()
        for number, dilation in enumerate(dilations, start=1):
            branch = nn.Conv2d(width_in, width, 3, padding=dilation, dilation=dilation)
            self.add_module(f"aspp_{number}", nn.Sequential(branch))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        first, *others = (branch(x) for branch in self.children())
        return sum(others, start=first)


class PooledPyramid(nn.Module):
    """Means over 1, 2x2, 3x3 and 6x6 parts of the image beside the feature itself, joined by a 3x3: PSPNet."""

    def __init__(self, width_in: int) -> None:
        super().__init__()
        for number, side in enumerate(POOLED_SIDES, start=1):
            unit = conv_unit(width_in, POOLED_WIDTH, kernel=1)
            self.add_module(f"pspp_{number}", nn.Sequential(nn.AdaptiveAvgPool2d(side), *unit))
        self.conv = conv_unit(width_in + len(POOLED_SIDES) * POOLED_WIDTH, POOLED_WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, 512, h, w)."""
        branches = (self.get_submodule(f"pspp_{number}") for number in range(1, len(POOLED_SIDES) + 1))
        pooled = (functional.interpolate(branch(x), x.shape[2:], mode="bilinear") for branch in branches)
        joined: torch.Tensor = self.conv(torch.cat([x, *pooled], dim=1))
        return joined


def pooled_embedding(width_in: int, width: int) -> nn.Sequential:
    """`PooledPyramid` and a 1x1 convolution with bias: (B, width_in, h, w) to (B, width, h, w)."""
    return nn.Sequential(PooledPyramid(width_in), nn.Conv2d(POOLED_WIDTH, width, 1))
