"""Tag classifier of EPS (Lee et al., CVPR 2021): one class map more than there are classes, for the background."""

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import TagClassifier


class EpsClassifier(TagClassifier):
    """Backbone and `fc8`, a 1x1 convolution without bias to C+1 class maps, the last of them the background's.

    Tag scores are the means of the first C maps. There is no dropout before `fc8`. CAM = softmax over all C+1 maps.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """Build the head with Xavier-uniform weights.

        Args:
            backbone: gives the top feature; the published one is ResNet38.
            classes: number of foreground classes C.

        Raises:
            ValueError: C is below 1.
        """
        super().__init__(backbone)
        if classes < 1:
            raise ValueError(f"a classifier needs at least 1 class, found {classes}")
        self.classes = classes
        self.fc8 = nn.Conv2d(backbone.top_channels, classes + 1, 1, bias=False)
        nn.init.xavier_uniform_(self.fc8.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tag scores before the sigmoid, (B, C), of a normalised batch (B, 3, H, W)."""
        return self.tag_scores(self.all_maps(x))

    def all_maps(self, x: torch.Tensor) -> torch.Tensor:
        """Scores per grid cell, (B, C+1, h, w), unbounded: the classes and, last, the background."""
        maps: torch.Tensor = self.fc8(self.backbone(x)[self.backbone.top])
        return maps

    def tag_scores(self, maps_BKhw: torch.Tensor) -> torch.Tensor:
        """Tag scores (B, C) of the maps (B, C+1, h, w): means over the grid, without the background's."""
        return maps_BKhw[:, : self.classes].mean(dim=(2, 3))

    def class_maps(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores per grid cell before the softmax, (B, C, h, w), without the background."""
        return self.all_maps(x)[:, : self.classes]

    def cam(self, x: torch.Tensor) -> torch.Tensor:
        """Class activation maps, (B, C, h, w), in [0, 1]: probabilities beside the background's, which is left out.

        As published, the softmax is taken on the grid, before any enlargement.
        """
        return self.all_maps(x).softmax(dim=1)[:, : self.classes]
