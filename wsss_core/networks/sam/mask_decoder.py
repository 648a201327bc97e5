"""SAM's mask decoder (Kirillov et al., ICCV 2023), cut in two: first scores, then masks.

The predicted IoU comes from the tokens alone, so masks that fail a threshold on it are never drawn.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.sam.channel_norm import CHANNEL_NORM_EPS, ChannelNorm
from wsss_core.networks.sam.gelu import gelu
from wsss_core.networks.sam.two_way_transformer import ImageSide, TwoWayTransformer

MASK_TOKENS = 4
"""Mask 0 is for unambiguous prompts (boxes); masks 1, 2, 3 are the levels subpart, part and whole of a point."""
FINER_CELLS = 16
"""Logits per cell of the encoder's grid: twice twofold upscaling of rows and columns."""
ALL_MASKS = slice(0, MASK_TOKENS)
BOX_MASK = slice(0, 1)
POINT_MASKS = slice(1, MASK_TOKENS)


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of the decoder; the defaults are the published ones."""

    width: int = 256
    depth: int = 2
    heads: int = 8
    hidden: int = 2048
    iou_hidden: int = 256


@dataclass(frozen=True)
class Decoded:
    """The decoder's state for B prompts before masks are drawn."""

    iou_BM: torch.Tensor
    """Predicted IoU of the four masks, float32 (B, 4); may lie slightly outside 0..1."""
    mask_token_BMD: torch.Tensor
    cell_BND: torch.Tensor

    def select(self, prompt_index: torch.Tensor) -> "Decoded":
        """Keep the prompts named by an int64 index (P,)."""
        return Decoded(self.iou_BM[prompt_index], self.mask_token_BMD[prompt_index], self.cell_BND[prompt_index])


class Perceptron(nn.Module):
    """Three linear layers with ReLU between; names of the published checkpoint."""

    def __init__(self, d_in: int, hidden: int, d_out: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(d_in, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, d_out)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (..., d_in) to (..., d_out)."""
        for layer in self.layers[:-1]:
            x = functional.relu(layer(x))
        return self.layers[-1](x)


class MaskDecoder(nn.Module):
    """Turns prompt tokens and the encoder's grid into mask logits at four times the grid, and their predicted IoU."""

    def __init__(self, shape: DecoderShape | None = None) -> None:
        super().__init__()
        shape = shape or DecoderShape()
        width, drawn = shape.width, shape.width // 8
        self.transformer = TwoWayTransformer(width, shape.depth, shape.heads, shape.hidden)
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(MASK_TOKENS, width)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(width, width // 4, 2, 2),
            ChannelNorm(width // 4),
            nn.GELU(),
            nn.ConvTranspose2d(width // 4, drawn, 2, 2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(Perceptron(width, width, drawn) for _ in range(MASK_TOKENS))
        self.iou_prediction_head = Perceptron(width, shape.iou_hidden, MASK_TOKENS)

    def prepare(
        self,
        grid_Dhw: torch.Tensor,
        dense_Dhw: torch.Tensor,
        code_Dhw: torch.Tensor,
        dtype: torch.dtype = torch.float32,
    ) -> ImageSide:
        """Compute what all prompts of an image share.

        `grid_Dhw` encoder output, `dense_Dhw` mask prompt (broadcastable), `code_Dhw` position code, all float32.
        `dtype` bfloat16 halves time and memory of the image side; logits then differ by about one per cent.
        """
        cell_1ND = (grid_Dhw + dense_Dhw).flatten(1).t()[None].contiguous()
        return self.transformer.prepare(cell_1ND, code_Dhw.flatten(1).t().contiguous(), dtype)

    def forward(self, prompt_BPD: torch.Tensor, image: ImageSide) -> Decoded:
        """Decode prompt tokens (B, P, D) float32 up to the predicted IoU."""
        own_1TD = torch.cat([self.iou_token.weight, self.mask_tokens.weight])[None]
        token_BTD = torch.cat([own_1TD.expand(len(prompt_BPD), -1, -1), prompt_BPD], dim=1)
        token_BTD, cell_BND = self.transformer(token_BTD, image)
        mask_token_BMD = token_BTD[:, 1 : 1 + MASK_TOKENS]
        return Decoded(self.iou_prediction_head(token_BTD[:, 0]), mask_token_BMD, cell_BND)

    def draw(
        self,
        decoded: Decoded,
        grid_hw: tuple[int, int],
        masks: slice = ALL_MASKS,
        keep_hw: tuple[int, int] | None = None,
    ) -> torch.Tensor:
        """Draw masks of each prompt: float32 logits (B, M, 4h, 4w), M as many as `masks` names of the four.

        `keep_hw` draws only the upper left cells (those that hold image rather than padding); the values are the same,
        because nothing after the transformer looks beyond its own cell.
        """
        height, width = keep_hw or grid_hw
        cell_BhwD = decoded.cell_BND.unflatten(1, grid_hw)[:, :height, :width]
        fine = self._upscale(cell_BhwD.reshape(-1, cell_BhwD.shape[-1])).unflatten(
            0, (len(cell_BhwD), FINER_CELLS * height * width)
        )
        pairs = zip(self.output_hypernetworks_mlps[masks], decoded.mask_token_BMD[:, masks].unbind(1), strict=True)
        pen_BMD = torch.stack([pen(token_BD) for pen, token_BD in pairs], dim=1).to(fine.dtype)
        logit_BMX = torch.bmm(pen_BMD, fine.transpose(1, 2)).float()
        # X runs over cells and, inside a cell, over 2 x 2 and again 2 x 2 finer cells.
        tiled = logit_BMX.view(len(fine), pen_BMD.shape[1], height, width, 2, 2, 2, 2).permute(0, 1, 2, 4, 6, 3, 5, 7)
        return tiled.reshape(len(fine), pen_BMD.shape[1], 4 * height, 4 * width)

    def _upscale(self, cell_XD: torch.Tensor) -> torch.Tensor:
        """Run `output_upscaling` on loose cells (X, D); returns (16 X, D / 8), the finer cells of a cell in a row.

        With kernel and stride 2, a transposed convolution is one matrix product per cell, and keeping the channels last
        saves every rearrangement but the last one, on the masks.
        """
        first, norm, _, second, _ = self.output_upscaling
        assert isinstance(first, nn.ConvTranspose2d)
        assert isinstance(norm, ChannelNorm)
        assert isinstance(second, nn.ConvTranspose2d)
        x = split_cell(cell_XD, first)
        weight, bias = norm.weight.to(x.dtype), norm.bias.to(x.dtype)
        x = gelu(functional.layer_norm(x, norm.weight.shape, weight, bias, CHANNEL_NORM_EPS))
        return gelu(split_cell(x, second))


def split_cell(x_XD: torch.Tensor, layer: nn.ConvTranspose2d) -> torch.Tensor:
    """Transposed convolution with kernel and stride 2 on loose cells: (X, D) to (4 X, E), order (row, column)."""
    assert layer.bias is not None
    matrix_DY = layer.weight.permute(0, 2, 3, 1).flatten(1).to(x_XD.dtype)
    return torch.addmm(layer.bias.repeat(4).to(x_XD.dtype), x_XD, matrix_DY).view(-1, layer.out_channels)
