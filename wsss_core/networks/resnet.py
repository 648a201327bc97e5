"""torchvision's ResNet-18/34/50/101 (He et al., CVPR 2016) at output stride 8 or 16, as backbones.

By default lost strides become dilations such that the dilated network gives, at every second cell, what the plain one
gives (for bottleneck networks that is torchvision's `replace_stride_with_dilation`, which the others lack). The
parameters do not change, so ImageNet weights fit. IRN (Ahn et al., CVPR 2019) only drops the stride of layer4.
"""

from typing import Literal

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone, Features
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.torchvision_models import models

OutputStride = Literal[8, 16]
Depth = Literal[18, 34, 50, 101]
STAGES = ("layer1", "layer2", "layer3", "layer4")
STEM_STRIDE, STEM_WIDTH = 4, 64
PLAIN_STRIDES = {"layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
PLAIN_WIDTHS = (64, 128, 256, 512)
BOTTLENECK_EXPANSION = 4
FIRST_BOTTLENECK_DEPTH = 50


class ResNet(Backbone):
    """Features stem (64, stride 4, after the max-pool) and layer1 (stride 4) to layer4, after the last ReLU of each.

    `freeze`, for a start from ImageNet weights, follows PSA's rule for ResNet38: stem and layer1 stop, every BatchNorm
    is fixed (statistics, weight, bias). Without `freeze` everything trains, which is what random weights need.
    """

    top = "layer4"
    low = "layer1"
    affinity_taps = ("layer2", "layer3", "layer4")
    edge_taps = ("stem", *STAGES)
    frozen_modules = ("conv1", "bn1", "layer1")
    stem_modules = ("conv1", "bn1")
    fixes_batch_norm = True

    def __init__(self, depth: Depth, output_stride: OutputStride = 8, dilate: bool = True) -> None:
        """Build with torchvision's random start.

        Args:
            depth: number of layers.
            output_stride: input pixels per cell of layer4 (and of layer3 when 8).
            dilate: whether dilations make up for the lost strides; False as in IRN.

        Raises:
            ValueError: unknown depth or output stride.
        """
        super().__init__()
        if depth not in (18, 34, 50, 101) or output_stride not in (8, 16):
            raise ValueError(
                f"expected depth 18, 34, 50 or 101 and output stride 8 or 16, found {depth} and {output_stride}"
            )
        self.normalisation = IMAGENET_RGB
        network: nn.Module = getattr(models, f"resnet{depth}")(weights=None)
        self.conv1 = network.get_submodule("conv1")
        self.bn1 = network.get_submodule("bn1")
        self.relu = network.get_submodule("relu")
        self.maxpool = network.get_submodule("maxpool")
        for stage in STAGES:
            self.add_module(stage, network.get_submodule(stage))
        self.strides = {"stem": STEM_STRIDE, **{stage: min(PLAIN_STRIDES[stage], output_stride) for stage in STAGES}}
        expansion = BOTTLENECK_EXPANSION if depth >= FIRST_BOTTLENECK_DEPTH else 1
        widths = {stage: width * expansion for stage, width in zip(STAGES, PLAIN_WIDTHS, strict=True)}
        self.channels = {"stem": STEM_WIDTH, **widths}
        self._drop_strides(output_stride, dilate)

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        features: Features = {"stem": x}
        for stage in STAGES:
            x = self.get_submodule(stage)(x)
            features[stage] = x
        return features

    def _drop_strides(self, output_stride: int, dilate: bool) -> None:
        dilation, growth = 1, 2 if dilate else 1
        for stage in STAGES:
            if PLAIN_STRIDES[stage] > output_stride:
                _replace_stride(self.get_submodule(stage), dilation, growth)
                dilation *= growth


def _replace_stride(stage: nn.Module, dilation: int, growth: int) -> None:
    """Take the stride of 2 from a stage: 3x3 convolutions up to the strided one get `dilation`, those after it `growth`
    times that.

    The strided one itself reads the finer grid as before; what follows it must skip the cells that the stride used to
    drop.
    """
    for layer in stage.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        is_strided = layer.stride == (2, 2)
        layer.stride = (1, 1)
        if layer.kernel_size == (3, 3):
            layer.dilation = layer.padding = (dilation, dilation)
            dilation *= growth if is_strided else 1


def resnet18(output_stride: OutputStride = 8, dilate: bool = True) -> ResNet:
    """ResNet-18, random weights; top feature 512 channels."""
    return ResNet(18, output_stride, dilate)


def resnet34(output_stride: OutputStride = 8, dilate: bool = True) -> ResNet:
    """ResNet-34, random weights; top feature 512 channels."""
    return ResNet(34, output_stride, dilate)


def resnet50(output_stride: OutputStride = 8, dilate: bool = True) -> ResNet:
    """ResNet-50, random weights; top feature 2048 channels."""
    return ResNet(50, output_stride, dilate)


def resnet101(output_stride: OutputStride = 8, dilate: bool = True) -> ResNet:
    """ResNet-101, random weights; top feature 2048 channels."""
    return ResNet(101, output_stride, dilate)
