"""WS-FCN (Wang, Zhang, Zhang & Tang, TNNLS 2023): global context and local contents coupled in one network.

Module names of the head are those of the published checkpoints.
"""

import torch

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.one_stage.alignment import Alignment
from wsss_core.networks.one_stage.decoder import mask_decoder
from wsss_core.networks.one_stage.feature_fusion import FeatureFusion
from wsss_core.networks.one_stage.flexible_context import DILATIONS, FlexibleContext
from wsss_core.networks.one_stage.one_stage_network import WIDTH, GatedNetwork
from wsss_core.networks.one_stage.stochastic_gate import StochasticGate


class WsFcn(GatedNetwork):
    """Flexible context on the top feature, aligned to the low one, fused with it, gated, decoded."""

    def __init__(
        self, backbone: Backbone, classes: int, width: int = WIDTH, dilations: tuple[int, ...] = DILATIONS
    ) -> None:
        """Build the head.

        Args:
            backbone: gives the top and the low feature.
            classes: number of classes K, background included.
            width: channels of the head.
            dilations: of the four branches of the context.

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        low_width = backbone.channels[backbone.low]
        self.fca = FlexibleContext(backbone.top_channels, width, dilations)
        self.align1 = Alignment(low_width, width)
        self.sf2 = FeatureFusion(low_width, width)
        self.gate = StochasticGate()
        self.last_conv = mask_decoder(width, classes - 1)

    def shallow_and_deep(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both rows of the fusion."""
        features = self.backbone(x)
        low = features[self.backbone.low]
        aligned = self.align1(low, self.fca(features[self.backbone.top]))
        fused: tuple[torch.Tensor, torch.Tensor] = self.sf2(low, aligned)
        return fused
