"""Swin Transformers (Liu et al., ICCV 2021) as backbones, from `transformers`; features `stage1` to `stage4`."""

from dataclasses import dataclass

import torch
from torch import nn

from wsss_core.networks.backbone import Backbone, Features
from wsss_core.networks.normalisation import Normalisation
from wsss_core.networks.transformers_models import model_module

IMAGENET_255 = Normalisation(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375), bgr=False, scale=1.0)
"""mmsegmentation's input rule: that of ImageNet on values of 0..255."""
STAGES = ("stage1", "stage2", "stage3", "stage4")
_FIRST_STRIDE = 4


@dataclass(frozen=True)
class SwinShape:
    """Sizes of a Swin; the defaults are those of Swin-L with windows of 12 cells, trained at 384 pixels."""

    width: int = 192
    depths: tuple[int, int, int, int] = (2, 2, 18, 2)
    heads: tuple[int, int, int, int] = (6, 12, 24, 48)
    window: int = 12
    drop_path: float = 0.3
    """Largest rate of stochastic depth, reached linearly at the last block."""


class Swin(Backbone):
    """A Swin with a layer norm on each of its four stages."""

    top, low = "stage4", "stage1"
    affinity_taps = ("stage2", "stage3", "stage4")
    edge_taps = ("stage1", "stage1", "stage2", "stage3", "stage4")

    def __init__(self, shape: SwinShape) -> None:
        super().__init__()
        config = model_module("swin.configuration_swin").SwinConfig(
            embed_dim=shape.width,
            depths=list(shape.depths),
            num_heads=list(shape.heads),
            window_size=shape.window,
            drop_path_rate=shape.drop_path,
            out_features=list(STAGES),
        )
        self.body = model_module("swin.modeling_swin").SwinBackbone(config)
        self.body.swin.layernorm = nn.Identity()  # its result is never read
        self.channels = {name: shape.width * 2**index for index, name in enumerate(STAGES)}
        self.strides = {name: _FIRST_STRIDE * 2**index for index, name in enumerate(STAGES)}
        self.normalisation = IMAGENET_255

    def forward(self, x: torch.Tensor) -> Features:
        """Map normalised images (B, 3, H, W) of any size to the four features."""
        return dict(zip(STAGES, self.body(x).feature_maps, strict=True))


def swin_l() -> Swin:
    """Swin-L, the backbone of FMA-WSSS."""
    return Swin(SwinShape())


def swin_t() -> Swin:
    """Swin-T, the smallest published one."""
    return Swin(SwinShape(width=96, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), window=7, drop_path=0.2))


def swin_mini() -> Swin:
    """A Swin for tests and for trying things out on a CPU; no weights are published."""
    return Swin(SwinShape(width=24, depths=(2, 2, 2, 2), heads=(1, 2, 3, 6), window=4, drop_path=0.0))
