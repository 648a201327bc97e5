"""DeepLab v1, LargeFOV head (Chen et al., ICLR 2015): a 3x3 convolution of dilation 12 sees 200 pixels, a 1x1 scores
classes."""

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.segmentation import SegmentationNetwork

VIEW_DILATION = 12
MAX_VIEW_WIDTH = 512
DROPOUT = 0.5
CLASSIFIER_STD = 0.01


class DeepLabV1(SegmentationNetwork):
    """Segmentation logits at the stride of the backbone's top feature (8).

    On VGG16 fc6 (built with dilation 12) and fc7 of the backbone are the wide view, and the head is dropout and fc8. On
    the others (ResNet38: PSA, issue thread of its repository) a dilated 3x3 to at most 512 channels with ReLU comes
    first. fc8 has a bias and starts from a normal of deviation 0.01.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """Build the head.

        Args:
            backbone: gives the top feature.
            classes: number of classes K, background included.

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        width = backbone.top_channels
        self.view = nn.Sequential()
        if not backbone.has_wide_view:
            view_width = min(width, MAX_VIEW_WIDTH)
            self.view.append(nn.Conv2d(width, view_width, 3, padding=VIEW_DILATION, dilation=VIEW_DILATION))
            self.view.append(nn.ReLU(inplace=True))
            width = view_width
        self.drop7 = nn.Dropout2d(DROPOUT)
        self.fc8 = nn.Conv2d(width, classes, 1)
        nn.init.normal_(self.fc8.weight, std=CLASSIFIER_STD)
        nn.init.zeros_(self.fc8.get_parameter("bias"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) on the grid of `stride` of a normalised batch (B, 3, H, W)."""
        logits: torch.Tensor = self.fc8(self.drop7(self.view(self.backbone(x)[self.backbone.top])))
        return logits
