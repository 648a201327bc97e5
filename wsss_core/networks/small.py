"""A small residual network that learns from random weights within minutes on two cores (the quick start).

About 0.4 million parameters. The first layer halves the picture so that nothing runs at full resolution, BatchNorm
allows high rates from the first step, and the residual branches start at zero, so that the network starts shallow.
There is no dropout: these sizes underfit.
"""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone, Features
from wsss_core.networks.conv_unit import conv_unit
from wsss_core.networks.normalisation import IMAGENET_RGB

WIDTHS = (24, 48, 96)


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions with BatchNorm, then ReLU; keeps width and grid."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = conv_unit(width, width, dilation=dilation)
        self.second = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to the same shape."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


class SmallNet(Backbone):
    """Features: half2 and conv2 (48, stride 4: before and after the residual block), half3 and conv3 (96, stride 8: the
    same), top (96, stride 8, dilated by 2 for context).

    `freeze` stops nothing: there are no ImageNet weights, everything trains, BatchNorm too.
    """

    top = "top"
    low = "conv2"
    affinity_taps = ("conv2", "conv3", "top")
    edge_taps = ("half2", "conv2", "half3", "conv3", "top")

    def __init__(self) -> None:
        super().__init__()
        self.normalisation = IMAGENET_RGB
        widths = dict.fromkeys(("half2", "conv2"), WIDTHS[1])
        self.channels = {**widths, **dict.fromkeys(("half3", "conv3", "top"), WIDTHS[2])}
        self.strides = {"half2": 4, "conv2": 4, "half3": 8, "conv3": 8, "top": 8}
        self.conv1 = conv_unit(3, WIDTHS[0], stride=2)
        self.conv2 = nn.Sequential(conv_unit(WIDTHS[0], WIDTHS[1], stride=2), ResidualBlock(WIDTHS[1]))
        self.conv3 = nn.Sequential(conv_unit(WIDTHS[1], WIDTHS[2], stride=2), ResidualBlock(WIDTHS[2]))
        self.top_block = ResidualBlock(WIDTHS[2], dilation=2)

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        half2 = self.conv2[0](self.conv1(x))
        conv2 = self.conv2[1](half2)
        half3 = self.conv3[0](conv2)
        conv3 = self.conv3[1](half3)
        return {"half2": half2, "conv2": conv2, "half3": half3, "conv3": conv3, "top": self.top_block(conv3)}
