"""DeepLab v2 (Chen et al., TPAMI 2018): 3x3 convolutions of several dilations side by side score classes, and are
summed."""

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.segmentation import SegmentationNetwork

DILATIONS = (6, 12, 18, 24)
"""DeepLab-ASPP-L, for a top feature of stride 8."""
CLASSIFIER_STD = 0.01


class SummedPyramid(nn.Module):
    """Atrous spatial pyramid pooling; the branches `c0`, `c1`, ... (as in the public port) give class scores directly.

    A branch has a bias and starts from a normal of deviation 0.01.
    """

    def __init__(self, width_in: int, classes: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        for index, dilation in enumerate(dilations):
            branch = nn.Conv2d(width_in, classes, 3, padding=dilation, dilation=dilation)
            nn.init.normal_(branch.weight, std=CLASSIFIER_STD)
            nn.init.zeros_(branch.get_parameter("bias"))
            self.add_module(f"c{index}", branch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, classes, h, w)."""
        first, *others = (branch(x) for branch in self.children())
        return sum(others, start=first)


class DeepLabV2(SegmentationNetwork):
    """Segmentation logits at the stride of the backbone's top feature (8), one input scale.

    On VGG16 the pyramid reads the one fc7 (fc6 has dilation 1); the paper's VGG16 has fc6 and fc7 for each dilation.
    """

    def __init__(self, backbone: Backbone, classes: int, dilations: tuple[int, ...] = DILATIONS) -> None:
        """Build the head.

        Args:
            backbone: gives the top feature.
            classes: number of classes K, background included.
            dilations: of the parallel convolutions.

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        self.aspp = SummedPyramid(backbone.top_channels, classes, dilations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) on the grid of `stride` of a normalised batch (B, 3, H, W)."""
        logits: torch.Tensor = self.aspp(self.backbone(x)[self.backbone.top])
        return logits
