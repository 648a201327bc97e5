"""Layer normalisation over the channels of a feature map, as SAM's neck, prompt encoder and upscaling use it."""

import torch
from torch import nn

CHANNEL_NORM_EPS = 1e-6
"""SAM (Kirillov et al., ICCV 2023) uses 1e-6 here and torch's 1e-5 in its decoder transformer."""


class ChannelNorm(nn.Module):
    """Normalise every pixel over its channels; parameters `weight` and `bias` of shape (D,)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Map (B, D, h, w) to the same shape with mean 0 and variance 1 over D, scaled and shifted per channel."""
        x_BhwD = x_BDhw.permute(0, 2, 3, 1)
        normed_BhwD = nn.functional.layer_norm(x_BhwD, self.weight.shape, self.weight, self.bias, CHANNEL_NORM_EPS)
        return normed_BhwD.permute(0, 3, 1, 2)
