"""ResNet-50/101 with a deep stem at output stride 8, as EMANet and SPML (Ke et al., ICLR 2021) use it.

Three 3x3 convolutions stand in the place of torchvision's 7x7; its weights do not fit. Names are those of the ImageNet
file `resnet-101-cuhk.pth`.
"""

import importlib
import math
from typing import Literal

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone, Features
from wsss_core.networks.conv_unit import conv_unit
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.torchvision_models import torchvision

STAGES = ("layer1", "layer2", "layer3", "layer4")
BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
PLANES = (64, 128, 256, 512)
STRIDES = (1, 2, 1, 1)
DILATIONS = (1, 1, 2, 4)
EXPANSION = 4
STEM_WIDTHS = (64, 64, 128)
NORM_MOMENTUM = 3e-4

Bottleneck = importlib.import_module(f"{torchvision.__name__}.models.resnet").Bottleneck


class DeepStemResNet(Backbone):
    """Features stem (128, stride 4, after the max-pool), layer1 (256, stride 4), layer2 to layer4 (512 to 2048, stride
    8).

    layer3 and layer4 are dilated by 2 and 4; their first block has half of that. `freeze` stops stem and layer1; every
    BatchNorm goes on collecting statistics.
    """

    top = "layer4"
    low = "layer1"
    affinity_taps = ("layer2", "layer3", "layer4")
    edge_taps = ("stem", *STAGES)
    frozen_modules = ("conv1", "bn1", "layer1")

    def __init__(self, depth: Literal[50, 101]) -> None:
        """Random weights: convolutions from a normal of deviation sqrt(2 / (k k width out))."""
        super().__init__()
        self.normalisation = IMAGENET_RGB
        first, second = (conv_unit(3, STEM_WIDTHS[0], stride=2), conv_unit(STEM_WIDTHS[0], STEM_WIDTHS[1]))
        third = nn.Conv2d(STEM_WIDTHS[1], STEM_WIDTHS[2], 3, padding=1, bias=False)
        self.conv1 = nn.Sequential(*first, *second, third)
        self.bn1 = nn.BatchNorm2d(STEM_WIDTHS[2])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        width = STEM_WIDTHS[2]
        for name, blocks, planes, stride, dilation in zip(
            STAGES, BLOCKS[depth], PLANES, STRIDES, DILATIONS, strict=True
        ):
            self.add_module(name, _stage(width, planes, blocks, stride, dilation))
            width = planes * EXPANSION
        self.strides = {"stem": 4, "layer1": 4, "layer2": 8, "layer3": 8, "layer4": 8}
        widths = {name: planes * EXPANSION for name, planes in zip(STAGES, PLANES, strict=True)}
        self.channels = {"stem": STEM_WIDTHS[2], **widths}
        self._start()

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        features: Features = {"stem": x}
        for stage in STAGES:
            x = self.get_submodule(stage)(x)
            features[stage] = x
        return features

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
            elif isinstance(module, nn.BatchNorm2d):
                module.momentum = NORM_MOMENTUM


def _stage(width: int, planes: int, blocks: int, stride: int, dilation: int) -> nn.Sequential:
    """Bottlenecks; the first has the stride (in its 3x3), half of the dilation and a shortcut with a convolution."""
    shortcut = nn.Sequential(
        nn.Conv2d(width, planes * EXPANSION, 1, stride=stride, bias=False), nn.BatchNorm2d(planes * EXPANSION)
    )
    first = Bottleneck(width, planes, stride, shortcut, dilation=max(1, dilation // 2))
    others = (Bottleneck(planes * EXPANSION, planes, dilation=dilation) for _ in range(1, blocks))
    return nn.Sequential(first, *others)


def resnet50_deep() -> DeepStemResNet:
    """ResNet-50 with the deep stem, random weights; top feature 2048 channels."""
    return DeepStemResNet(50)


def resnet101_deep() -> DeepStemResNet:
    """ResNet-101 with the deep stem, random weights; top feature 2048 channels."""
    return DeepStemResNet(101)
