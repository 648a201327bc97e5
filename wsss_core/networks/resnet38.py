"""ResNet38, the wide pre-activation network A1 of Wu et al. (arXiv 1611.10080) as used by PSA, EPS and one-stage
WS-FCN.

Module names are those of the published checkpoints. Stride 8, no bias in any convolution.
"""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone, ClassifierStyle, Features
from wsss_core.networks.normalisation import IMAGENET_RGB


def _conv3x3(width_in: int, width_out: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(width_in, width_out, 3, stride, padding=dilation, dilation=dilation, bias=False)


class ResBlock(nn.Module):
    """Two 3x3 convolutions, each after BatchNorm and ReLU; the shortcut convolution reads the activated input."""

    def __init__(
        self, width_in: int, width_mid: int, width_out: int, stride: int = 1, first_dilation: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(width_in)
        self.conv_branch2a = _conv3x3(width_in, width_mid, stride, first_dilation)
        self.bn_branch2b1 = nn.BatchNorm2d(width_mid)
        self.conv_branch2b1 = _conv3x3(width_mid, width_out, dilation=dilation)
        self.conv_branch1: nn.Conv2d | None = None
        if width_in != width_out or stride != 1:
            self.conv_branch1 = nn.Conv2d(width_in, width_out, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The block's output and its inner activated input ReLU(BN(x)), which PSA hands on as a feature."""
        activated = functional.relu(self.bn_branch2a(x))
        shortcut = x if self.conv_branch1 is None else self.conv_branch1(activated)
        y = self.conv_branch2a(activated)
        y = self.conv_branch2b1(functional.relu(self.bn_branch2b1(y)))
        return shortcut + y, activated


class BottleneckBlock(nn.Module):
    """1x1 to a quarter, dilated 3x3 to a half, 1x1 to the output width, with channel dropout before the last two."""

    def __init__(self, width_in: int, width_out: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(width_in)
        self.conv_branch2a = nn.Conv2d(width_in, width_out // 4, 1, bias=False)
        self.bn_branch2b1 = nn.BatchNorm2d(width_out // 4)
        self.dropout_2b1 = nn.Dropout2d(dropout)
        self.conv_branch2b1 = _conv3x3(width_out // 4, width_out // 2, dilation=dilation)
        self.bn_branch2b2 = nn.BatchNorm2d(width_out // 2)
        self.dropout_2b2 = nn.Dropout2d(dropout)
        self.conv_branch2b2 = nn.Conv2d(width_out // 2, width_out, 1, bias=False)
        self.conv_branch1 = nn.Conv2d(width_in, width_out, 1, bias=False)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The block's output and its inner activated input ReLU(BN(x))."""
        activated = functional.relu(self.bn_branch2a(x))
        y = self.conv_branch2a(activated)
        y = self.conv_branch2b1(self.dropout_2b1(functional.relu(self.bn_branch2b1(y))))
        y = self.conv_branch2b2(self.dropout_2b2(functional.relu(self.bn_branch2b2(y))))
        return self.conv_branch1(activated) + y, activated


class ResNet38(Backbone):
    """Features: b3 and conv3 (256, stride 4, raw outputs of b3 and b3_2); conv4 (512), conv5 (1024) and conv6 (4096) of
    stride 8.

    conv4 and conv5 are the activated inputs inside b5 and b6, conv6 = ReLU(bn7). `freeze` stops conv1a, b2, b2_1, b2_2
    and fixes every BatchNorm, as in all published trainings.
    """

    top = "conv6"
    low = "conv3"
    affinity_taps = ("conv4", "conv5", "conv6")
    edge_taps = ("b3", "conv3", "conv4", "conv5", "conv6")
    classifier_style = ClassifierStyle(dropout=0.5)
    affinity_group_norm = False
    frozen_modules = ("conv1a", "b2", "b2_1", "b2_2")
    stem_modules = frozen_modules
    fixes_batch_norm = True

    def __init__(self) -> None:
        super().__init__()
        self.normalisation = IMAGENET_RGB
        self.channels = {"b3": 256, "conv3": 256, "conv4": 512, "conv5": 1024, "conv6": 4096}
        self.strides = {"b3": 4, "conv3": 4, "conv4": 8, "conv5": 8, "conv6": 8}
        self.conv1a = _conv3x3(3, 64)
        self.b2 = ResBlock(64, 128, 128, stride=2)
        self.b2_1 = ResBlock(128, 128, 128)
        self.b2_2 = ResBlock(128, 128, 128)
        self.b3 = ResBlock(128, 256, 256, stride=2)
        self.b3_1 = ResBlock(256, 256, 256)
        self.b3_2 = ResBlock(256, 256, 256)
        self.b4 = ResBlock(256, 512, 512, stride=2)
        self.b4_1 = ResBlock(512, 512, 512)
        self.b4_2 = ResBlock(512, 512, 512)
        self.b4_3 = ResBlock(512, 512, 512)
        self.b4_4 = ResBlock(512, 512, 512)
        self.b4_5 = ResBlock(512, 512, 512)
        self.b5 = ResBlock(512, 512, 1024, first_dilation=1, dilation=2)
        self.b5_1 = ResBlock(1024, 512, 1024, first_dilation=2, dilation=2)
        self.b5_2 = ResBlock(1024, 512, 1024, first_dilation=2, dilation=2)
        self.b6 = BottleneckBlock(1024, 2048, dilation=4, dropout=0.3)
        self.b7 = BottleneckBlock(2048, 4096, dilation=4, dropout=0.5)
        self.bn7 = nn.BatchNorm2d(4096)

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        x = self.conv1a(x)
        for block in (self.b2, self.b2_1, self.b2_2, self.b3):
            x, _ = block(x)
        b3 = x
        for block in (self.b3_1, self.b3_2):
            x, _ = block(x)
        conv3 = x
        for block in (self.b4, self.b4_1, self.b4_2, self.b4_3, self.b4_4, self.b4_5):
            x, _ = block(x)
        x, conv4 = self.b5(x)
        for block in (self.b5_1, self.b5_2):
            x, _ = block(x)
        x, conv5 = self.b6(x)
        x, _ = self.b7(x)
        conv6 = functional.relu(self.bn7(x))
        return {"b3": b3, "conv3": conv3, "conv4": conv4, "conv5": conv5, "conv6": conv6}
