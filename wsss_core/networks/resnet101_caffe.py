"""ResNet-101 in the form of the DeepLab authors' Caffe files (Chen et al., TPAMI 2018), names of its PyTorch port.

It differs from torchvision's in three things: the stride of a stage sits in its first 1x1 convolution and not in the
3x3, a stage's first dilation holds for all its blocks, and the max-pool rounds up. BatchNorm has momentum 0.001.
"""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone, Features
from wsss_core.networks.normalisation import CAFFE_BGR

BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM = 1e-5, 1e-3
STEM_WIDTH = 64
STAGES = {"layer2": (3, 256, 1, 1), "layer3": (4, 512, 2, 1), "layer4": (23, 1024, 1, 2), "layer5": (3, 2048, 1, 4)}
"""Stage -> blocks, width, stride, dilation."""
BOTTLENECK = 4
"""Width of a block over that of its inner convolutions."""


class ConvNorm(nn.Module):
    """Convolution without bias and BatchNorm; `padding` keeps the grid of a 3x3."""

    def __init__(self, width_in: int, width: int, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(width_in, width, kernel, stride, padding, dilation, bias=False)
        self.bn = nn.BatchNorm2d(width, BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h', w'), before any ReLU."""
        normed: torch.Tensor = self.bn(self.conv(x))
        return normed


class Bottleneck(nn.Module):
    """1x1 (with the stride) to a quarter, 3x3 (with the dilation), 1x1 back; plus the input, or its projection."""

    def __init__(self, width_in: int, width: int, stride: int, dilation: int, projects: bool) -> None:
        super().__init__()
        inner = width // BOTTLENECK
        self.reduce = ConvNorm(width_in, inner, 1, stride)
        self.conv3x3 = ConvNorm(inner, inner, 3, dilation=dilation)
        self.increase = ConvNorm(inner, width, 1)
        self.shortcut = ConvNorm(width_in, width, 1, stride) if projects else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h', w')."""
        y = functional.relu(self.reduce(x))
        y = functional.relu(self.conv3x3(y))
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return functional.relu(self.increase(y) + shortcut)


class ResNet101Caffe(Backbone):
    """Features stem (64, stride 4, after the max-pool), layer2 (256, stride 4), layer3 (512), layer4 (1024) and layer5
    (2048), these three of stride 8.

    Where half of a side, rounded up, is even, the pool rounds up once more: a feature then has one cell more along it
    than ceil(H/s). `freeze` fixes every BatchNorm (statistics, weight, bias) and stops no convolution, as published.
    """

    top = "layer5"
    low = "layer2"
    affinity_taps = ("layer3", "layer4", "layer5")
    edge_taps = ("stem", "layer2", "layer3", "layer4", "layer5")
    fixes_batch_norm = True

    def __init__(self) -> None:
        super().__init__()
        self.normalisation = CAFFE_BGR
        self.channels = {"stem": STEM_WIDTH, **{name: width for name, (_, width, _, _) in STAGES.items()}}
        self.strides = {"stem": 4, "layer2": 4, "layer3": 8, "layer4": 8, "layer5": 8}
        self.layer1 = nn.Module()
        self.layer1.add_module("conv1", ConvNorm(3, STEM_WIDTH, 7, stride=2))
        width_in = STEM_WIDTH
        for name, (blocks, width, stride, dilation) in STAGES.items():
            stage = nn.Sequential()
            for number in range(1, blocks + 1):
                first = number == 1
                block = Bottleneck(width_in, width, stride if first else 1, dilation, projects=first)
                stage.add_module(f"block{number}", block)
                width_in = width
            self.add_module(name, stage)

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        x = functional.relu(self.layer1.get_submodule("conv1")(x))
        x = functional.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=True)
        features: Features = {"stem": x}
        for name in STAGES:
            x = self.get_submodule(name)(x)
            features[name] = x
        return features
