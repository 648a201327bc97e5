"""What WS-FCN, its parent and their baseline have in common: one network scores tags and masks."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.one_stage.stochastic_gate import StochasticGate
from wsss_core.networks.one_stage.tag_scores import tag_scores
from wsss_core.networks.segmentation import SegmentationNetwork

BACKGROUND_SCORE = 1.0
WIDTH = 256


class TagsAndScores(NamedTuple):
    """`tag_scores_BC` before the sigmoid; `scores_BKhw` before the softmax, background first."""

    tag_scores_BC: torch.Tensor
    scores_BKhw: torch.Tensor


class OneStageNetwork(SegmentationNetwork, ABC):
    """A network trained from tags alone to score tags and masks.

    On every backbone the input rule is that of torchvision, unless weights bring another.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """`classes`: number of classes K, background included. Raises `ValueError` when K is below 2."""
        super().__init__(backbone, classes)
        backbone.normalisation = IMAGENET_RGB

    def freeze(self) -> None:
        """What the recipe keeps from ImageNet weights: the backbone's stem, and every BatchNorm of a backbone whose
        recipes fix it."""
        for child in self.backbone.stem_modules:
            self.backbone.get_submodule(child).requires_grad_(False)
        if self.backbone.fixes_batch_norm:
            self.backbone.fix_batch_norm()

    @abstractmethod
    def tags_and_scores(self, x: torch.Tensor, focal_lambda: float) -> TagsAndScores:
        """Tag and class scores of a normalised batch (B, 3, H, W); `focal_lambda`: see `tag_scores`."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores (B, K, h, w) before the softmax of a normalised batch (B, 3, H, W)."""
        return self.tags_and_scores(x, focal_lambda=1.0).scores_BKhw

    def masks(self, scores_BKhw: torch.Tensor, size_hw: tuple[int, int], channels: list[int]) -> torch.Tensor:
        """Masks (B, channels, H, W) in 0..1 of some classes, enlarged to `size_hw` with corners aligned."""
        return enlarge_corners(scores_BKhw.softmax(dim=1)[:, channels], size_hw)


class GatedNetwork(OneStageNetwork):
    """A one-stage network whose decoder reads a gated mixture of a shallow and a deep feature."""

    gate: StochasticGate
    last_conv: nn.Sequential

    @property
    def stride(self) -> int:
        """Input pixels per cell of the output grid."""
        return self.backbone.strides[self.backbone.low]

    @abstractmethod
    def shallow_and_deep(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both features (B, width, h, w) on the grid of the backbone's `low` one."""

    def tags_and_scores(self, x: torch.Tensor, focal_lambda: float) -> TagsAndScores:
        """See the base class; the background's score is 1 everywhere."""
        shallow, deep = self.shallow_and_deep(x)
        foreground_BChw = self.last_conv(self.gate(deep, shallow)).float()
        background_B1hw = torch.full_like(foreground_BChw[:, :1], BACKGROUND_SCORE)
        scores_BKhw = torch.cat([background_B1hw, foreground_BChw], dim=1)
        return TagsAndScores(tag_scores(scores_BKhw, focal_lambda), scores_BKhw)


def enlarge_corners(maps_BDhw: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Bilinear resize (B, D, H, W) that lays the centres of the corner cells on those of the corner pixels."""
    return functional.interpolate(maps_BDhw, size=size_hw, mode="bilinear", align_corners=True)
