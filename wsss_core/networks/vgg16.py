"""VGG16 in the DeepLab-LargeFOV form (Simonyan & Zisserman 2015; Chen et al. 2015), as altered by PSA (CVPR 2018).

Pools 1-3 are 3x3 with padding, pool 4 keeps the grid, conv5 is dilated by 2, fc6 is a dilated 3x3: stride 8. Layer
names are those of the Caffe files and of the published PSA checkpoints.
"""

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone, ClassifierStyle, Features
from wsss_core.networks.normalisation import CAFFE_BGR

STAGE_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
FC_WIDTH = 1024
CONV5_DILATION = 2
OutputStride = Literal[8, 16]


class VGG16(Backbone):
    """Features: conv2 (128, stride 2), pool2 (128, stride 4), conv3 (256, stride 4); conv4 and conv5 (512) and conv5fc
    (1024) of stride 8; all after ReLU.

    `freeze` stops conv1_1 to conv2_2. There is no BatchNorm. New layers start with torch's default.
    """

    top = "conv5fc"
    low = "conv3"
    affinity_taps = ("conv4", "conv5", "conv5fc")
    edge_taps = ("pool2", "conv3", "conv4", "conv5", "conv5fc")
    classifier_style = ClassifierStyle(dropout=0.5, average_maps=True, cam_square_root=True)
    has_wide_view = True
    frozen_modules = ("conv1_1", "conv1_2", "conv2_1", "conv2_2")
    stem_modules = ("conv1_1", "conv1_2")

    def __init__(
        self, fc6_dilation: int = 1, pool5: bool = False, dropout: float = 0.5, output_stride: OutputStride = 8
    ) -> None:
        """Build with random weights.

        Args:
            fc6_dilation: dilation of fc6: 1 in PSA's classifier, 4 in its affinity net, 12 in DeepLab-LargeFOV. The
                state dict does not show it.
            pool5: the two 3x3 stride-1 pools (maximum, then average) of DeepLab-LargeFOV before fc6; PSA has none.
            dropout: probability of dropping a whole channel after fc6 in training.
            output_stride: input pixels per cell of conv4, conv5 and conv5fc; with 16 conv4_1 has stride 2 (WS-FCN). The
                state dict does not show it.

        Raises:
            ValueError: another output stride than 8 or 16.
        """
        super().__init__()
        if output_stride not in (8, 16):
            raise ValueError(f"expected output stride 8 or 16, found {output_stride}")
        self.normalisation = CAFFE_BGR
        self.channels = {"conv2": 128, "pool2": 128, "conv3": 256, "conv4": 512, "conv5": 512, "conv5fc": FC_WIDTH}
        self.strides = {
            "conv2": 2,
            "pool2": 4,
            "conv3": 4,
            **dict.fromkeys(("conv4", "conv5", "conv5fc"), output_stride),
        }
        self.pool5 = pool5
        width = 3
        for stage, widths in enumerate(STAGE_WIDTHS, start=1):
            dilation = CONV5_DILATION if stage == len(STAGE_WIDTHS) else 1
            for index, next_width in enumerate(widths, start=1):
                layer = nn.Conv2d(width, next_width, 3, padding=dilation, dilation=dilation)
                self.add_module(f"conv{stage}_{index}", layer)
                width = next_width
        self.get_submodule("conv4_1").stride = (output_stride // 8, output_stride // 8)  # type: ignore[assignment]
        self.fc6 = nn.Conv2d(width, FC_WIDTH, 3, padding=fc6_dilation, dilation=fc6_dilation)
        self.drop6 = nn.Dropout2d(dropout)
        self.fc7 = nn.Conv2d(FC_WIDTH, FC_WIDTH, 1)

    def forward(self, x: torch.Tensor) -> Features:
        """Features of a normalised batch (B, 3, H, W); see the class."""
        features: Features = {}
        for stage, widths in enumerate(STAGE_WIDTHS, start=1):
            for index in range(1, len(widths) + 1):
                x = functional.relu(self.get_submodule(f"conv{stage}_{index}")(x))
            features[f"conv{stage}"] = x
            x = self._pool(x, stage)
            if stage == 2:
                features["pool2"] = x
        x = self.drop6(functional.relu(self.fc6(x)))
        features["conv5fc"] = functional.relu(self.fc7(x))
        del features["conv1"]  # full resolution and unused: do not keep it alive
        return features

    def _pool(self, x: torch.Tensor, stage: int) -> torch.Tensor:
        if stage < len(STAGE_WIDTHS):
            return functional.max_pool2d(x, 3, stride=2 if stage <= 3 else 1, padding=1)
        if not self.pool5:
            return x
        x = functional.max_pool2d(x, 3, stride=1, padding=1)
        return functional.avg_pool2d(x, 3, stride=1, padding=1)
