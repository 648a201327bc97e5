"""The classification baseline of the one-stage codes: class activation maps as masks (Araslanov & Roth, CVPR 2020)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork, TagsAndScores, enlarge_corners

DROPOUT = 0.5
BACKGROUND = 0.1
EPSILON = 1e-5


class CamBaseline(OneStageNetwork):
    """Channel dropout, global average and `fc8`, a 1x1 convolution without bias.

    The class scores are the class maps, with a background of 0; the masks are the maps' positive part as shares of
    their maximum over the picture, with a background of 0.1.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """`classes`: number of classes K, background included. Raises `ValueError` when K is below 2."""
        super().__init__(backbone, classes)
        self.drop = nn.Dropout2d(DROPOUT)
        self.fc8 = nn.Conv2d(backbone.top_channels, classes - 1, 1, bias=False)

    def tags_and_scores(self, x: torch.Tensor, focal_lambda: float) -> TagsAndScores:
        """See the base class; `focal_lambda` has no effect."""
        top = self.backbone(x)[self.backbone.top]
        tag_scores_BC = self.fc8(self.drop(top).mean(dim=(2, 3), keepdim=True)).flatten(1).float()
        maps_BChw = self.fc8(top).float()
        return TagsAndScores(tag_scores_BC, torch.cat([torch.zeros_like(maps_BChw[:, :1]), maps_BChw], dim=1))

    def masks(self, scores_BKhw: torch.Tensor, size_hw: tuple[int, int], channels: list[int]) -> torch.Tensor:
        """Masks (B, channels, H, W) in 0..1 of some classes, enlarged to `size_hw` with corners aligned."""
        cam_BDHW = functional.relu(enlarge_corners(scores_BKhw[:, channels], size_hw))
        cam_BDHW = cam_BDHW / (EPSILON + cam_BDHW.amax(dim=(2, 3), keepdim=True))
        for position, channel in enumerate(channels):
            if channel == 0:
                cam_BDHW[:, position] = BACKGROUND
        return cam_BDHW
