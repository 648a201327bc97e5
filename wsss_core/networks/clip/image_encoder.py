"""CLIP's vision transformer, run up to its last block and from there on: where Grad-CAM takes its gradient.

Unlike the library that CLIP came with, it takes images of any size in whole patches: the position embeddings are
resized bilinearly (FMA-WSSS, Yang & Gong, WACV 2024; CLIP-ES does the same).
"""

from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.clip.blocks import Block, LayerNorm, image_transformer
from wsss_core.networks.clip.size import ClipSize


class BeforeLastBlock(NamedTuple):
    """`x_BLD`: input of the last block, L = 1 + h·w tokens, that of the class first. `attention`: of the last blocks so
    far, each (B, L, L), averaged over heads, in the order of the blocks. `grid_hw`: h and w."""

    x_BLD: torch.Tensor
    attention: tuple[torch.Tensor, ...]
    grid_hw: tuple[int, int]


class ImageEncoder(nn.Module):
    """Vision transformer with the parameter names of OpenAI's `visual`."""

    def __init__(self, size: ClipSize) -> None:
        super().__init__()
        width, scale = size.image_width, size.image_width**-0.5
        self.patch, self.grid = size.patch, size.grid
        self.conv1 = nn.Conv2d(3, width, size.patch, stride=size.patch, bias=False)
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn(size.grid**2 + 1, width))
        self.ln_pre = LayerNorm(width)
        self.transformer = image_transformer(size)
        self.ln_post = LayerNorm(width)
        self.proj = nn.Parameter(scale * torch.randn(width, size.embedding))

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(self.transformer.resblocks)

    @property
    def last_block(self) -> Block:
        """The last block."""
        return cast(Block, self.transformer.resblocks[-1])

    def positions(self, grid_hw: tuple[int, int]) -> torch.Tensor:
        """Position embeddings (1 + h·w, D) on a grid: those of patches resized, that of the class token as it is."""
        if grid_hw == (self.grid, self.grid):
            return self.positional_embedding
        class_1D, patches_ND = self.positional_embedding[:1], self.positional_embedding[1:]
        square_1Dhw = patches_ND.T.unflatten(1, (self.grid, self.grid))[None]
        resized_1Dhw = functional.interpolate(square_1Dhw, grid_hw, mode="bilinear", align_corners=False)
        return torch.cat([class_1D, resized_1Dhw[0].flatten(1).T])

    def tokens(self, image_B3HW: torch.Tensor) -> tuple[torch.Tensor, tuple[int, int]]:
        """Input (B, 1 + h·w, D) of the first block, and the grid (h, w).

        Raises `ValueError` for sides that are no multiples of the patch.
        """
        height, width = image_B3HW.shape[-2:]
        if height % self.patch or width % self.patch or 0 in (height, width):
            raise ValueError(
                f"expected images with sides in multiples of {self.patch} pixels, found {height}x{width}; "
                "resize them first (`clip.preprocessing`)"
            )
        grid_hw = (height // self.patch, width // self.patch)
        patches_BND = self.conv1(image_B3HW).flatten(2).transpose(1, 2)
        class_B1D = self.class_embedding.to(patches_BND.dtype).expand(len(patches_BND), 1, -1)
        return self.ln_pre(torch.cat([class_B1D, patches_BND], dim=1) + self.positions(grid_hw)), grid_hw

    def before_last_block(self, image_B3HW: torch.Tensor, attention_blocks: int) -> BeforeLastBlock:
        """Run normalised images (B, 3, H, W) up to the last block.

        `attention_blocks`: of how many blocks, counted from the last, the attention is wanted; that of the last one
        comes with `after_last_norm`.
        """
        x_BLD, grid_hw = self.tokens(image_B3HW)
        kept: list[torch.Tensor] = []
        for number in range(self.blocks - 1):
            block = cast(Block, self.transformer.resblocks[number])
            if number < self.blocks - attention_blocks:
                x_BLD = block(x_BLD)
            else:
                x_BLD, weights_BLL = block.after_first_norm(x_BLD, block.ln_1(x_BLD))
                kept.append(weights_BLL)
        return BeforeLastBlock(x_BLD, tuple(kept), grid_hw)

    def last_norm(self, x_BLD: torch.Tensor) -> torch.Tensor:
        """The activations of which Grad-CAM is made: first layer norm of the last block, (B, L, D)."""
        normed_BLD: torch.Tensor = self.last_block.ln_1(x_BLD)
        return normed_BLD

    def after_last_norm(self, x_BLD: torch.Tensor, normed_BLD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (B, L, D) after the last block and layer norm, and the last block's attention (B, L, L).

        `x_BLD`: input of the last block; `normed_BLD`: its `last_norm`.
        """
        tokens_BLD, weights_BLL = self.last_block.after_first_norm(x_BLD, normed_BLD)
        return self.ln_post(tokens_BLD), weights_BLL

    def forward(self, image_B3HW: torch.Tensor) -> torch.Tensor:
        """Tokens (B, L, D) after the last layer norm, the class token first, of normalised images (B, 3, H, W)."""
        x_BLD, _ = self.tokens(image_B3HW)
        tokens_BLD: torch.Tensor = self.ln_post(self.transformer(x_BLD))
        return tokens_BLD
