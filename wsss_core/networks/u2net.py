"""U²-Net (Qin et al., Pattern Recognition 2020) for inference: nested U-shapes that find what stands out in an image.

BatchNorm is folded into the convolutions, which therefore have a bias: ONNX files hold them so, and published state
dicts are folded when they are read (`checkpoints/u2net_layout.py`). Names are those of the publication without the
layer inside a unit (`stage1.rebnconvin.conv_s1.weight` -> `stage1.rebnconvin.weight`).
"""

import torch
from torch import nn
from torch.nn import functional

Widths = tuple[int, int, int]
"""In, inside, and out of a stage, in channels."""

FULL: dict[str, Widths] = {
    "stage1": (3, 32, 64),
    "stage2": (64, 32, 128),
    "stage3": (128, 64, 256),
    "stage4": (256, 128, 512),
    "stage5": (512, 256, 512),
    "stage6": (512, 256, 512),
    "stage5d": (1024, 256, 512),
    "stage4d": (1024, 128, 256),
    "stage3d": (512, 64, 128),
    "stage2d": (256, 32, 64),
    "stage1d": (128, 16, 64),
}
"""The published network of 44 million weights."""
SMALL: dict[str, Widths] = {
    **{stage: (3 if stage == "stage1" else 64, 16, 64) for stage in list(FULL)[:6]},
    **dict.fromkeys(list(FULL)[6:], (128, 16, 64)),
}
"""The published small one (`u2netp`) of 1.1 million."""
DEPTHS = {"stage1": 7, "stage2": 6, "stage3": 5, "stage4": 4}
"""Encoders that shrink inside, and so their decoders; stages 5 and 6 dilate instead."""
DILATED_DEPTH = 4
LEVELS = 6


def _enlarged(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def _shrunk(x: torch.Tensor) -> torch.Tensor:
    return functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


class UBlock(nn.Module):
    """A residual U of the given depth: `rebnconv1` to `rebnconv<depth>` down, `...d` up, around `rebnconvin`.

    Shrinking ones halve the grid at each step down (the last step dilates by 2); dilated ones keep it and dilate by 1,
    2, 4, 8.
    """

    def __init__(self, widths: Widths, depth: int, shrinks: bool) -> None:
        super().__init__()
        self.depth, self.shrinks = depth, shrinks
        width_in, inside, width = widths
        self._add("rebnconvin", width_in, width, 1)
        for level in range(1, depth + 1):
            self._add(f"rebnconv{level}", width if level == 1 else inside, inside, self._dilation(level))
        for level in range(depth - 1, 0, -1):
            self._add(f"rebnconv{level}d", 2 * inside, width if level == 1 else inside, self._dilation(level))

    def _dilation(self, level: int) -> int:
        if not self.shrinks:
            return int(2 ** (level - 1))
        return 2 if level == self.depth else 1

    def _add(self, name: str, width_in: int, width: int, dilation: int) -> None:
        self.add_module(name, nn.Conv2d(width_in, width, 3, padding=dilation, dilation=dilation))

    def _unit(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.get_submodule(name)(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, width, h, w)."""
        start = self._unit("rebnconvin", x)
        down: list[torch.Tensor] = []
        x = start
        for level in range(1, self.depth + 1):
            if self.shrinks and 1 < level < self.depth:
                x = _shrunk(x)
            x = self._unit(f"rebnconv{level}", x)
            down.append(x)
        for level in range(self.depth - 1, 0, -1):
            beside = down[level - 1]
            x = self._unit(f"rebnconv{level}d", torch.cat([_enlarged(x, beside), beside], dim=1))
        return x + start


class U2Net(nn.Module):
    """Six stages down, five up, and a saliency map from each level, fused into one."""

    def __init__(self, stages: dict[str, Widths]) -> None:
        """`stages`: `FULL` or `SMALL`."""
        super().__init__()
        for name, widths in stages.items():
            depth = DEPTHS.get(name.removesuffix("d"), DILATED_DEPTH)
            self.add_module(name, UBlock(widths, depth, shrinks=name.removesuffix("d") in DEPTHS))
        outs = [stages[f"stage{level}d" if level < LEVELS else f"stage{level}"][2] for level in range(1, LEVELS + 1)]
        for level, width in enumerate(outs, start=1):
            self.add_module(f"side{level}", nn.Conv2d(width, 1, 3, padding=1))
        self.outconv = nn.Conv2d(LEVELS, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Saliency (B, 1, H, W) in 0..1 of a normalised batch (B, 3, H, W)."""
        down: list[torch.Tensor] = []
        for level in range(1, LEVELS + 1):
            x = self.get_submodule(f"stage{level}")(x if level == 1 else _shrunk(x))
            down.append(x)
        maps = [self.get_submodule(f"side{LEVELS}")(x)]
        for level in range(LEVELS - 1, 0, -1):
            beside = down[level - 1]
            x = self.get_submodule(f"stage{level}d")(torch.cat([_enlarged(x, beside), beside], dim=1))
            maps.insert(0, self.get_submodule(f"side{level}")(x))
        fused: torch.Tensor = self.outconv(torch.cat([_enlarged(each, maps[0]) for each in maps], dim=1))
        return fused.sigmoid()
