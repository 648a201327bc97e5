"""TinyViT image encoder of MobileSAM (Zhang et al., 2023; network of Wu et al., ECCV 2022) with SAM's neck."""

from dataclasses import dataclass

import torch
from torch import nn

from wsss_core.networks.sam.channel_norm import ChannelNorm
from wsss_core.networks.sam.tiny_vit_blocks import (
    ConvNorm,
    MBConv,
    PatchEmbed,
    PatchMerging,
    TinyVitBlock,
)


@dataclass(frozen=True)
class TinyVitShape:
    """Widths, depths, heads and windows of the four stages; the defaults are TinyViT-5M as MobileSAM uses it."""

    widths: tuple[int, int, int, int] = (64, 128, 160, 320)
    depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    heads: tuple[int, int, int, int] = (2, 4, 5, 10)
    windows: tuple[int, int, int, int] = (7, 7, 14, 7)
    d_out: int = 256
    classes: int = 1000


class Stage(nn.Module):
    """Blocks of one width and, except in the last stage, the downsampling to the next."""

    def __init__(self, blocks: list[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x_BDhw: torch.Tensor) -> torch.Tensor:
        """Map (B, D, h, w) to the width and grid of the next stage."""
        for block in self.blocks:
            x_BDhw = block(x_BDhw)
        return x_BDhw if self.downsample is None else self.downsample(x_BDhw)


def build_stage(shape: TinyVitShape, index: int) -> Stage:
    """Build stage `index` (0..3): the first is convolutional, the others attend in windows."""
    width, depth = shape.widths[index], shape.depths[index]
    heads, window = shape.heads[index], shape.windows[index]
    blocks: list[nn.Module] = [
        MBConv(width) if index == 0 else TinyVitBlock(width, heads, window) for _ in range(depth)
    ]
    is_last = index == len(shape.widths) - 1
    if is_last:
        return Stage(blocks, None)
    next_width = shape.widths[index + 1]
    # MobileSAM keeps the grid at 1/16 of the image, so the step to the last width has stride 1 (TinyViT itself has 2).
    stride = 1 if index + 1 == len(shape.widths) - 1 else 2
    return Stage(blocks, PatchMerging(width, next_width, stride))


class TinyVit(nn.Module):
    """Encoder from normalised images to the grid that SAM's mask decoder reads.

    `norm_head` and `head` are the ImageNet classifier that the published file carries; they are never run and are
    here only so that the file loads strictly.
    """

    def __init__(self, shape: TinyVitShape | None = None) -> None:
        super().__init__()
        shape = shape or TinyVitShape()
        self.patch_embed = PatchEmbed(shape.widths[0])
        self.layers = nn.ModuleList(build_stage(shape, index) for index in range(len(shape.widths)))
        self.norm_head = nn.LayerNorm(shape.widths[-1])
        self.head = nn.Linear(shape.widths[-1], shape.classes)
        self.neck = nn.Sequential(
            nn.Conv2d(shape.widths[-1], shape.d_out, 1, bias=False),
            ChannelNorm(shape.d_out),
            nn.Conv2d(shape.d_out, shape.d_out, 3, padding=1, bias=False),
            ChannelNorm(shape.d_out),
        )

    def forward(self, image_B3HW: torch.Tensor) -> torch.Tensor:
        """Map normalised RGB (B, 3, H, W), H and W divisible by 16, to (B, 256, H / 16, W / 16)."""
        x_BDhw = self.patch_embed(image_B3HW)
        for layer in self.layers:
            x_BDhw = layer(x_BDhw)
        return self.neck(x_BDhw)


def fuse_norms(network: nn.Module) -> None:
    """Fold every batch normalisation of the network into its convolution, for inference. Changes the network."""
    for module in network.modules():
        if isinstance(module, ConvNorm):
            module.fuse()
