"""Image tag classifier whose 1x1 head gives class activation maps (Zhou et al. 2016; PSA, CVPR 2018)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import TagClassifier


class ClassificationNetwork(TagClassifier):
    """Backbone, channel dropout, global average and `fc8`, a 1x1 convolution without bias to C classes.

    The order of the average, the dropout and the form of the CAM follow `backbone.classifier_style`.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """Build the head with Xavier-uniform weights.

        Args:
            backbone: gives the top feature.
            classes: number of foreground classes C.

        Raises:
            ValueError: C is below 1.
        """
        super().__init__(backbone)
        if classes < 1:
            raise ValueError(f"a classifier needs at least 1 class, found {classes}")
        self.classes = classes
        self.style = backbone.classifier_style
        self.drop7 = nn.Dropout2d(self.style.dropout)
        self.fc8 = nn.Conv2d(backbone.top_channels, classes, 1, bias=False)
        nn.init.xavier_uniform_(self.fc8.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tag scores before the sigmoid, (B, C), of a normalised batch (B, 3, H, W)."""
        top = self.drop7(self.backbone(x)[self.backbone.top])
        if self.style.average_maps:
            return self.fc8(top).mean(dim=(2, 3))
        return self.fc8(functional.adaptive_avg_pool2d(top, 1)).flatten(1)

    def class_maps(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores per grid cell before any rectification, (B, C, h, w); without the dropout of the head."""
        maps: torch.Tensor = self.fc8(self.backbone(x)[self.backbone.top])
        return maps

    def cam(self, x: torch.Tensor) -> torch.Tensor:
        """Class activation maps, (B, C, h, w), at least 0, not normalised: ReLU of the class maps, for VGG16 its square
        root."""
        rectified = functional.relu(self.class_maps(x))
        return rectified.sqrt() if self.style.cam_square_root else rectified
