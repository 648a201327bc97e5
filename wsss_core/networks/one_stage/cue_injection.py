"""Global cue injection (GCI) of the one-stage baseline (Araslanov & Roth, CVPR 2020): the shallow feature, scaled and
shifted per channel by what the deep one saw anywhere in the picture."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.one_stage.initial_values import start_convolutions


class CueInjection(nn.Module):
    """Module names are those of the published checkpoints."""

    def __init__(self, low_width: int, width: int) -> None:
        """`low_width`: channels of the shallow feature; `width`: of the deep one and of the result."""
        super().__init__()
        self.fc_deep = nn.Sequential(nn.Conv2d(width, 2 * width, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.fc_skip = nn.Sequential(nn.Conv2d(low_width, width, 1, bias=False), nn.BatchNorm2d(width, affine=False))
        self.fc_cls = nn.Sequential(nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        start_convolutions(self)

    def forward(self, low: torch.Tensor, deep: torch.Tensor) -> torch.Tensor:
        """(B, width, h, w) from features of one grid."""
        factor, shift = self.fc_deep(deep).amax(dim=(2, 3), keepdim=True).chunk(2, dim=1)
        injected: torch.Tensor = self.fc_cls(functional.relu(self.fc_skip(low) * (factor + 1) + shift))
        return injected
