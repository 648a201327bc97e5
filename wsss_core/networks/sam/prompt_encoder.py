"""SAM's prompt encoder: points and boxes to tokens, and the image's position code (Kirillov et al., ICCV 2023)."""

import math
from typing import cast

import torch
from torch import nn

from wsss_core.networks.sam.channel_norm import ChannelNorm

BACKGROUND, FOREGROUND, UPPER_LEFT, LOWER_RIGHT = range(4)
"""Kinds of points, each with a learned vector; the last two are corners of a box."""
MASK_PROMPT_CHANNELS = 16


class RandomPosition(nn.Module):
    """Position code sin and cos of a fixed random projection of (x, y)."""

    positional_encoding_gaussian_matrix: torch.Tensor

    def __init__(self, half_width: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, half_width))

    def encode(self, xy_unit: torch.Tensor) -> torch.Tensor:
        """Map (..., 2) coordinates x, y in 0..1 to (..., 2 * half_width)."""
        angle = (2 * xy_unit - 1) @ self.positional_encoding_gaussian_matrix * (2 * math.pi)
        return torch.cat([angle.sin(), angle.cos()], dim=-1)

    def grid(self, height: int, width: int) -> torch.Tensor:
        """Return the code of every cell centre of a grid, float (D, h, w)."""
        matrix = self.positional_encoding_gaussian_matrix
        y = (torch.arange(height, device=matrix.device, dtype=matrix.dtype) + 0.5) / height
        x = (torch.arange(width, device=matrix.device, dtype=matrix.dtype) + 0.5) / width
        xy_hw2 = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
        return self.encode(xy_hw2).permute(2, 0, 1)


class PromptEncoder(nn.Module):
    """Turns prompts, given in pixels of the resized and padded square image, into tokens."""

    def __init__(self, width: int = 256, image_side: int = 1024) -> None:
        super().__init__()
        self.image_side = image_side
        self.pe_layer = RandomPosition(width // 2)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, width) for _ in range(LOWER_RIGHT + 1))
        self.not_a_point_embed = nn.Embedding(1, width)
        quarter = MASK_PROMPT_CHANNELS // 4
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, quarter, 2, 2),
            ChannelNorm(quarter),
            nn.GELU(),
            nn.Conv2d(quarter, MASK_PROMPT_CHANNELS, 2, 2),
            ChannelNorm(MASK_PROMPT_CHANNELS),
            nn.GELU(),
            nn.Conv2d(MASK_PROMPT_CHANNELS, width, 1),
        )
        self.no_mask_embed = nn.Embedding(1, width)

    def points(self, xy_BP2: torch.Tensor, labels_BP: torch.Tensor) -> torch.Tensor:
        """Encode points: xy float (B, P, 2) in pixels, labels (B, P) 1 foreground or 0 background.

        Returns tokens (B, P + 1, D): SAM appends a padding token wherever no box is given.
        """
        tokens_BPD = self._position(xy_BP2)
        kind_BP1 = labels_BP[..., None] == FOREGROUND
        tokens_BPD = tokens_BPD + torch.where(kind_BP1, self._kind(FOREGROUND), self._kind(BACKGROUND))
        padding_B1D = self.not_a_point_embed.weight.expand(len(xy_BP2), 1, -1)
        return torch.cat([tokens_BPD, padding_B1D], dim=1)

    def boxes(self, xyxy_B4: torch.Tensor) -> torch.Tensor:
        """Encode boxes (B, 4) x0, y0, x1, y1 in pixels to tokens (B, 2, D), one per corner."""
        corners = torch.cat([self._kind(UPPER_LEFT), self._kind(LOWER_RIGHT)])
        return self._position(xyxy_B4.reshape(-1, 2, 2)) + corners

    def masks(self, logits_B1hw: torch.Tensor) -> torch.Tensor:
        """Encode mask prompts (B, 1, 4h, 4w) of logits to (B, D, h, w), added to the image grid."""
        return self.mask_downscaling(logits_B1hw)

    def no_mask(self) -> torch.Tensor:
        """Return what is added to the image grid when no mask prompt is given, float (1, D, 1, 1)."""
        return self.no_mask_embed.weight[..., None, None]

    def _kind(self, kind: int) -> torch.Tensor:
        return cast(nn.Embedding, self.point_embeddings[kind]).weight

    def _position(self, xy: torch.Tensor) -> torch.Tensor:
        # Half a pixel is added because a coordinate names a pixel and its centre is meant.
        return self.pe_layer.encode((xy + 0.5) / self.image_side)
