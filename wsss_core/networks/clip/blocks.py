"""The transformer block of both encoders of CLIP (Radford et al., ICML 2021), with the names of OpenAI's files."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.clip.size import ClipSize

QUICK_GELU_SLOPE = 1.702


class LayerNorm(nn.LayerNorm):
    """Layer norm that always computes in float32, whatever the rest computes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised over the last axis, in the type of `x`."""
        return super().forward(x.float()).to(x.dtype)


class QuickGELU(nn.Module):
    """x · sigmoid(1.702 x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape."""
        return x * torch.sigmoid(QUICK_GELU_SLOPE * x)


class Attention(nn.Module):
    """Self-attention of several heads; queries, keys and values from one matrix `in_proj_weight` (3 D, D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"expected a width that {heads} heads share evenly, found {width}")
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x_BLD: torch.Tensor, causal: bool) -> torch.Tensor:
        """(B, L, D); with `causal`, a token sees those before it and itself."""
        query, key, value = self._heads(x_BLD)
        return self._joined(functional.scaled_dot_product_attention(query, key, value, is_causal=causal))

    def with_weights(self, x_BLD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The same without a mask, and the attention (B, L, L) averaged over the heads; rows sum to 1.

        Made of plain operations, which may be differentiated twice.
        """
        query, key, value = self._heads(x_BLD)
        weights_BALL = (query * query.shape[-1] ** -0.5 @ key.transpose(-2, -1)).softmax(dim=-1)
        return self._joined(weights_BALL.to(value.dtype) @ value), weights_BALL.mean(dim=1)

    def _heads(self, x_BLD: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values, each (B, heads, L, D / heads)."""
        joined = functional.linear(x_BLD, self.in_proj_weight, self.in_proj_bias)
        return tuple(part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in joined.chunk(3, dim=-1))

    def _joined(self, x_BALd: torch.Tensor) -> torch.Tensor:
        joined: torch.Tensor = self.out_proj(x_BALd.transpose(1, 2).flatten(2))
        return joined


class Block(nn.Module):
    """Attention and a two-layer network, each after a layer norm and added to its input."""

    def __init__(self, width: int, heads: int, quick_gelu: bool) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.ln_1 = LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGELU() if quick_gelu else nn.GELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        self.ln_2 = LayerNorm(width)

    def forward(self, x_BLD: torch.Tensor, causal: bool = False) -> torch.Tensor:
        """(B, L, D)."""
        return self._second_half(x_BLD + self.attn(self.ln_1(x_BLD), causal))

    def after_first_norm(self, x_BLD: torch.Tensor, normed_BLD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The block from the output of its first layer norm on, and its attention (B, L, L).

        `x_BLD` is the block's input; `normed_BLD` its layer norm, from which a gradient may be wanted.
        """
        attended_BLD, weights_BLL = self.attn.with_weights(normed_BLD)
        return self._second_half(x_BLD + attended_BLD), weights_BLL

    def _second_half(self, x_BLD: torch.Tensor) -> torch.Tensor:
        return x_BLD + self.mlp(self.ln_2(x_BLD))


class Transformer(nn.Module):
    """Blocks in a row, under the name `resblocks`."""

    def __init__(self, width: int, heads: int, blocks: int, quick_gelu: bool) -> None:
        super().__init__()
        if blocks < 1:
            raise ValueError(f"a transformer needs at least one block, found {blocks}")
        self.resblocks = nn.ModuleList(Block(width, heads, quick_gelu) for _ in range(blocks))

    def forward(self, x_BLD: torch.Tensor, causal: bool = False) -> torch.Tensor:
        """(B, L, D)."""
        for block in self.resblocks:
            x_BLD = block(x_BLD, causal)
        return x_BLD


def image_transformer(size: ClipSize) -> Transformer:
    """The transformer of the image encoder."""
    return Transformer(size.image_width, size.image_heads, size.image_blocks, size.quick_gelu)


def text_transformer(size: ClipSize) -> Transformer:
    """The transformer of the text encoder."""
    return Transformer(size.text_width, size.text_heads, size.text_blocks, size.quick_gelu)
