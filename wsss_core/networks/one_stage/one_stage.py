"""The parent of WS-FCN: single-stage segmentation from image labels (Araslanov & Roth, CVPR 2020).

Module names of the head are those of the published checkpoints.
"""

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.conv_unit import conv_unit
from wsss_core.networks.one_stage.context_pyramid import DILATIONS, ContextPyramid
from wsss_core.networks.one_stage.cue_injection import CueInjection
from wsss_core.networks.one_stage.decoder import mask_decoder
from wsss_core.networks.one_stage.initial_values import start_convolutions
from wsss_core.networks.one_stage.one_stage_network import WIDTH, GatedNetwork, enlarge_corners
from wsss_core.networks.one_stage.stochastic_gate import StochasticGate

LOW_WIDTH = 48


class OneStage(GatedNetwork):
    """Spatial pyramid on the top feature, merged with the low one; the low one with global cues; gated, decoded."""

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        width: int = WIDTH,
        low_width: int = LOW_WIDTH,
        dilations: tuple[int, ...] = DILATIONS,
    ) -> None:
        """Build the head.

        Args:
            backbone: gives the top and the low feature.
            classes: number of classes K, background included.
            width: channels of the head.
            low_width: channels the low feature is reduced to where it meets the context.
            dilations: of the branches of the pyramid.

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        channels = backbone.channels[backbone.low]
        self.aspp = ContextPyramid(backbone.top_channels, width, dilations)
        self.fc8_skip = conv_unit(channels, low_width, kernel=1)
        self.fc8_x = conv_unit(width + low_width, width)
        self.shallow_mask = CueInjection(channels, width)
        self.gate = StochasticGate()
        self.last_conv = mask_decoder(width, classes - 1)
        start_convolutions(nn.ModuleList([self.fc8_skip, self.fc8_x]))

    def shallow_and_deep(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The low feature with the cues of the deep one, and that."""
        features = self.backbone(x)
        low = features[self.backbone.low]
        context = enlarge_corners(self.aspp(features[self.backbone.top]), (low.shape[2], low.shape[3]))
        deep = self.fc8_x(torch.cat([context, self.fc8_skip(low)], dim=1))
        return self.shallow_mask(low, deep), deep
