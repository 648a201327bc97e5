"""Layers in operators that ONNX has for every size of the grid, where the exporter would write them down for one size.

They compute the same but for rounding, and stand in for the layers of a copy of the network while it is exported.
"""

import copy
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.one_stage.alignment import Alignment
from wsss_core.networks.one_stage.warping import sample_bilinear
from wsss_core.networks.segmentation import SegmentationNetwork


def exportable(network: SegmentationNetwork) -> SegmentationNetwork:
    """A copy of the network on the CPU, with such layers."""
    twin = copy.deepcopy(network).cpu()
    for name, layer in list(twin.named_modules()):
        if isinstance(layer, nn.AdaptiveAvgPool2d):
            twin.set_submodule(name, PartMeans(cast(int, layer.output_size)))
        elif isinstance(layer, Alignment):
            twin.set_submodule(name, AlignmentOfAnySize(layer))
    if isinstance(twin, Mask2Former):
        # The fused attention is one operator that the exporter cannot take apart; "eager" is products and a softmax.
        parts: tuple[Any, ...] = (twin.backbone.get_submodule("body"), twin.head)
        for part in parts:
            part.set_attn_implementation("eager")
    return twin


class PartMeans(nn.Module):
    """`nn.AdaptiveAvgPool2d` as a product with the shares that cells have in parts."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, D, h, w) to (B, D, side, side)."""
        return self._shares(x.shape[2]) @ x @ self._shares(x.shape[3]).T

    def _shares(self, length: int) -> torch.Tensor:
        """Float32 (side, length): the cells of each part in equal shares; parts overlap by a cell where the grid does
        not divide evenly."""
        part_P1, cell_1h = torch.arange(self.side)[:, None], torch.arange(length)[None]
        first_P1, end_P1 = part_P1 * length // self.side, ((part_P1 + 1) * length + self.side - 1) // self.side
        inside_Ph = ((cell_1h >= first_P1) & (cell_1h < end_P1)).float()
        return inside_Ph / inside_Ph.sum(1, keepdim=True)


class AlignmentOfAnySize(nn.Module):
    """`Alignment` with positions counted instead of `linspace`."""

    def __init__(self, layer: Alignment) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, low_BDHW: torch.Tensor, deep_BDhw: torch.Tensor) -> torch.Tensor:
        """As `Alignment.forward`."""
        height, width = low_BDHW.shape[2:]
        deep = functional.interpolate(
            self.layer.down_h(deep_BDhw), size=(height, width), mode="bilinear", align_corners=False
        )
        flow_B2HW = self.layer.flow_make(torch.cat([deep, self.layer.down_l(low_BDHW)], dim=1))
        x_BHW = _line(width) + flow_B2HW[:, 0] / width
        y_BHW = _line(height)[:, None] + flow_B2HW[:, 1] / height
        return sample_bilinear(deep_BDhw, torch.stack([x_BHW, y_BHW], dim=-1))


def _line(length: int) -> torch.Tensor:
    """`length` evenly spaced numbers from -1 to 1."""
    return torch.arange(length) * 2 / (length - 1) - 1
