"""SAM's plain image encoders, ViT-B, ViT-L and ViT-H (Kirillov et al., ICCV 2023), as `transformers` has them."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from wsss_core.networks.transformers_models import model_module


@dataclass(frozen=True)
class VitShape:
    """Sizes of an encoder; the defaults are those of ViT-B."""

    width: int = 768
    depth: int = 12
    heads: int = 12
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    """Blocks that attend over the whole grid; the others attend in windows."""
    window: int = 14
    """Cells per side of a window."""
    hidden_ratio: float = 4.0
    """Width of the MLPs, in widths."""
    d_out: int = 256
    image_side: int = 1024
    """Side of the padded square image, pixels."""


VIT_SHAPES = {
    "vit_b": VitShape(),
    "vit_l": VitShape(width=1024, depth=24, heads=16, global_blocks=(5, 11, 17, 23)),
    "vit_h": VitShape(width=1280, depth=32, heads=16, global_blocks=(7, 15, 23, 31)),
}
"""Published name -> shape."""


class SamVit(nn.Module):
    """Encoder from normalised images to the grid that the mask decoder reads."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        modeling = model_module("sam.modeling_sam")
        config = model_module("sam.configuration_sam").SamVisionConfig(
            hidden_size=shape.width,
            num_hidden_layers=shape.depth,
            num_attention_heads=shape.heads,
            global_attn_indexes=list(shape.global_blocks),
            window_size=shape.window,
            mlp_ratio=shape.hidden_ratio,
            output_channels=shape.d_out,
            image_size=shape.image_side,
            num_pos_feats=shape.d_out // 2,
            attn_implementation="sdpa",
        )
        self.vit = modeling.SamVisionEncoder(config)

    def forward(self, image_B3HW: torch.Tensor) -> torch.Tensor:
        """Map normalised RGB (B, 3, side, side) to (B, D, side / 16, side / 16)."""
        return cast(torch.Tensor, self.vit(image_B3HW).last_hidden_state)
