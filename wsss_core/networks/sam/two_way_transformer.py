"""The two-way transformer of SAM's mask decoder (Kirillov et al., ICCV 2023).

Axes: B prompts, T tokens, N cells of the image grid in row order, D width, G heads, F width per head.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.sam.token_attention import TokenAttention


@dataclass(frozen=True)
class ImageSide:
    """What depends on the image alone and is computed once for all its prompts."""

    cell_1ND: torch.Tensor
    """Encoder grid plus the mask prompt's (or no-mask) vector."""
    code_ND: torch.Tensor
    """Position code of the cells, added to the cells wherever they serve as keys or queries."""
    key_GNF: torch.Tensor
    value_GNF: torch.Tensor
    """Keys and values of the first layer's reading of the image."""
    query_GNF: torch.Tensor
    """Queries of the first layer's writing to the image."""


class Mlp(nn.Module):
    """Two linear layers with ReLU; names of the published checkpoint."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.lin2 = nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Keep the shape (..., D)."""
        return self.lin2(functional.relu(self.lin1(x)))


class TwoWayLayer(nn.Module):
    """Self-attention of the tokens, tokens read the image, MLP on the tokens, image reads the tokens."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = TokenAttention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = TokenAttention(width, heads, width // 2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, hidden)
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = TokenAttention(width, heads, width // 2)

    def first(self, prompt_BTD: torch.Tensor, image: ImageSide) -> tuple[torch.Tensor, torch.Tensor]:
        """Run as the first layer: the prompt is its own position code, and all prompts share the image side.

        Returns tokens (B, T, D) and cells (B, N, D).
        """
        token_BTD = self.norm1(self.self_attn(prompt_BTD, prompt_BTD, prompt_BTD))
        read = self.cross_attn_token_to_image.read_shared(token_BTD + prompt_BTD, image.key_GNF, image.value_GNF)
        token_BTD = self._digest(token_BTD + read)
        write = self.cross_attn_image_to_token.write_shared
        return token_BTD, self._norm4(write(image.cell_1ND, image.query_GNF, token_BTD + prompt_BTD, token_BTD))

    def forward(
        self, token_BTD: torch.Tensor, cell_BND: torch.Tensor, prompt_BTD: torch.Tensor, code_ND: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run as a later layer; the prompt serves as the tokens' position code. Returns tokens and cells."""
        coded_BTD = token_BTD + prompt_BTD
        token_BTD = self.norm1(token_BTD + self.self_attn(coded_BTD, coded_BTD, token_BTD))
        coded_BND = cell_BND + code_ND
        read = self.cross_attn_token_to_image.read(token_BTD + prompt_BTD, coded_BND, cell_BND)
        token_BTD = self._digest(token_BTD + read)
        write = self.cross_attn_image_to_token.write
        return token_BTD, self._norm4(write(cell_BND, coded_BND, token_BTD + prompt_BTD, token_BTD))

    def _digest(self, token_BTD: torch.Tensor) -> torch.Tensor:
        token_BTD = self.norm2(token_BTD)
        return self.norm3(token_BTD + self.mlp(token_BTD))

    def _norm4(self, cell_BND: torch.Tensor) -> torch.Tensor:
        norm, dtype = self.norm4, cell_BND.dtype
        weight, bias = norm.weight.to(dtype), norm.bias.to(dtype)
        return functional.layer_norm(cell_BND, norm.normalized_shape, weight, bias, norm.eps)


class TwoWayTransformer(nn.Module):
    """A stack of `TwoWayLayer` and a last reading of the image by the tokens."""

    def __init__(self, width: int, depth: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer(width, heads, hidden) for _ in range(depth))
        self.final_attn_token_to_image = TokenAttention(width, heads, width // 2)
        self.norm_final_attn = nn.LayerNorm(width)

    def prepare(self, cell_1ND: torch.Tensor, code_ND: torch.Tensor, dtype: torch.dtype) -> ImageSide:
        """Project what all prompts share: cells (1, N, D) and code (N, D), float32, to `dtype`."""
        coded_1ND = cell_1ND + code_ND
        first = self.layers[0]
        assert isinstance(first, TwoWayLayer)
        return ImageSide(
            cell_1ND=cell_1ND.to(dtype),
            code_ND=code_ND.to(dtype),
            key_GNF=first.cross_attn_token_to_image.keys(coded_1ND)[0].to(dtype),
            value_GNF=first.cross_attn_token_to_image.values(cell_1ND)[0].to(dtype),
            query_GNF=first.cross_attn_image_to_token.queries(coded_1ND)[0].to(dtype),
        )

    def forward(self, prompt_BTD: torch.Tensor, image: ImageSide) -> tuple[torch.Tensor, torch.Tensor]:
        """Return tokens float32 (B, T, D) and the cells as each prompt sees them (B, N, D) in the dtype of `image`."""
        first, *later = self.layers
        assert isinstance(first, TwoWayLayer)
        token_BTD, cell_BND = first.first(prompt_BTD, image)
        for layer in later:
            token_BTD, cell_BND = layer(token_BTD, cell_BND, prompt_BTD, image.code_ND)
        read = self.final_attn_token_to_image.read(token_BTD + prompt_BTD, cell_BND + image.code_ND, cell_BND)
        return self.norm_final_attn(token_BTD + read), cell_BND
