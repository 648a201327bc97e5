"""AffinityNet: features whose L1 distance tells whether two grid cells belong to one object (PSA, CVPR 2018)."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import Network

TAP_WIDTHS = (64, 128, 256)
TAP_GROUPS = (8, 16, 32)
FEATURE_WIDTH = sum(TAP_WIDTHS)
F9_GAIN = 4.0


class AffinityNet(Network):
    """1x1 heads f8_3, f8_4, f8_5 on three backbone features, then f9: 448 channels per cell of the top feature's grid.

    After f8_*: GroupNorm (not with ResNet38) and ELU. Start: Kaiming normal for f8_*, Xavier uniform with gain 4 for
    f9. A tap on a finer grid than the top feature is averaged down to it.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone)
        widths = [backbone.channels[tap] for tap in backbone.affinity_taps]
        self.f8_3 = nn.Conv2d(widths[0], TAP_WIDTHS[0], 1, bias=False)
        self.f8_4 = nn.Conv2d(widths[1], TAP_WIDTHS[1], 1, bias=False)
        self.f8_5 = nn.Conv2d(widths[2], TAP_WIDTHS[2], 1, bias=False)
        self.gn8_3, self.gn8_4, self.gn8_5 = (
            nn.GroupNorm(groups, width) if backbone.affinity_group_norm else nn.Identity()
            for groups, width in zip(TAP_GROUPS, TAP_WIDTHS, strict=True)
        )
        self.f9 = nn.Conv2d(FEATURE_WIDTH, FEATURE_WIDTH, 1, bias=False)
        for head in (self.f8_3, self.f8_4, self.f8_5):
            nn.init.kaiming_normal_(head.weight)
        nn.init.xavier_uniform_(self.f9.weight, gain=F9_GAIN)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Affinity features (B, 448, h, w) of a normalised batch (B, 3, H, W).

        The affinity of cells i, j is exp(-mean over channels of |f_i - f_j|).
        """
        features = self.backbone(x)
        grid_hw = features[self.backbone.top].shape[-2:]
        heads = ((self.f8_3, self.gn8_3), (self.f8_4, self.gn8_4), (self.f8_5, self.gn8_5))
        taps = []
        for name, (head, norm) in zip(self.backbone.affinity_taps, heads, strict=True):
            tap = features[name]
            if tap.shape[-2:] != grid_hw:
                tap = functional.adaptive_avg_pool2d(tap, grid_hw)
            taps.append(functional.elu(norm(head(tap))))
        return functional.elu(self.f9(torch.cat(taps, dim=1)))
