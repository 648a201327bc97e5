"""Semantically consistent feature fusion (SF2) of WS-FCN (Wang et al., TNNLS 2023): what the shallow and the deep
feature agree on is added to both."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.one_stage.initial_values import start_convolutions

STEPS = (1, 2, 3, 4)


class FeatureFusion(nn.Module):
    """Two rows of four units (convolution with bias, BatchNorm, ReLU); `h` the shallow row, `v` the deep one.

    After two units each the rows are multiplied; the product runs through both rows' third unit, is added to the output
    of the row's first, and through the fourth.
    """

    def __init__(self, low_width: int, width: int) -> None:
        """`low_width`: channels of the shallow feature; `width`: of the deep one and of both results."""
        super().__init__()
        for row, width_in in (("h", low_width), ("v", width)):
            for step in STEPS:
                convolution = nn.Conv2d(width_in if step == 1 else width, width, 3, padding=1)
                self.add_module(f"conv{step}{row}", convolution)
                self.add_module(f"bn{step}{row}", nn.BatchNorm2d(width))
        start_convolutions(self)

    def forward(self, low: torch.Tensor, deep: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Shallow and deep result (B, width, h, w), from features of one grid."""
        first_h, first_v = self._unit("1h", low), self._unit("1v", deep)
        agreed = self._unit("2h", first_h) * self._unit("2v", first_v)
        shallow = self._unit("4h", self._unit("3h", agreed) + first_h)
        return shallow, self._unit("4v", self._unit("3v", agreed) + first_v)

    def _unit(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.get_submodule(f"bn{name}")(self.get_submodule(f"conv{name}")(x)))
