"""DeepLab v3+ (Chen et al., ECCV 2018): parallel dilated convolutions on the top feature, then a decoder with a finer
one."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.conv_unit import conv_unit
from wsss_core.networks.segmentation import SegmentationNetwork

RATES_AT_STRIDE_16 = (6, 12, 18)
RATES_AT_STRIDE_8 = (12, 24, 36)
DROPOUT = 0.1


class SpatialPyramid(nn.Module):
    """A 1x1, one dilated 3x3 per rate and the picture's average, side by side, merged to `width` channels."""

    def __init__(self, width_in: int, width: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList([conv_unit(width_in, width, kernel=1)])
        self.branches.extend(conv_unit(width_in, width, dilation=rate) for rate in rates)
        # Without BatchNorm, unlike the paper: a 1x1 grid in a batch of one has no variance.
        self.average = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width_in, width, 1), nn.ReLU(inplace=True))
        self.merge = conv_unit(width * (len(rates) + 2), width, kernel=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        average = self.average(x).expand(-1, -1, *x.shape[-2:])
        merged: torch.Tensor = self.merge(torch.cat([*(branch(x) for branch in self.branches), average], dim=1))
        return merged


class DeepLabV3Plus(SegmentationNetwork):
    """Segmentation logits at the stride of the backbone's `low` feature (4)."""

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        width: int = 256,
        low_width: int = 48,
        rates: tuple[int, ...] | None = None,
    ) -> None:
        """Build the head.

        Args:
            backbone: gives the top and the low feature.
            classes: number of classes K, background included.
            width: channels of the pyramid and the decoder.
            low_width: channels the low feature is reduced to.
            rates: dilations of the pyramid; by default the paper's for the backbone's stride (8 or 16).

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        default_rates = RATES_AT_STRIDE_8 if backbone.stride <= 8 else RATES_AT_STRIDE_16
        self.pyramid = SpatialPyramid(backbone.top_channels, width, rates or default_rates)
        self.reduce_low = conv_unit(backbone.channels[backbone.low], low_width, kernel=1)
        self.decoder = nn.Sequential(
            conv_unit(width + low_width, width), conv_unit(width, width), nn.Dropout2d(DROPOUT)
        )
        self.classifier = nn.Conv2d(width, classes, 1)

    @property
    def stride(self) -> int:
        """Input pixels per cell of the output grid."""
        return self.backbone.strides[self.backbone.low]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) on the grid of `stride` of a normalised batch (B, 3, H, W)."""
        features = self.backbone(x)
        low = self.reduce_low(features[self.backbone.low])
        top = self.pyramid(features[self.backbone.top])
        top = functional.interpolate(top, size=low.shape[-2:], mode="bilinear", align_corners=False)
        logits: torch.Tensor = self.classifier(self.decoder(torch.cat([top, low], dim=1)))
        return logits
