"""DeepLab v2 (Chen et al., TPAMI 2018): 3x3 convolutions of several dilations side by side score classes, and are
summed."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.segmentation import SegmentationNetwork

DILATIONS = (6, 12, 18, 24)
"""DeepLab-ASPP-L, for a top feature of stride 8."""
CLASSIFIER_STD = 0.01


class SummedPyramid(nn.Module):
    """Atrous spatial pyramid pooling; the branches `c0`, `c1`, ... (as in the public port) give class scores directly.

    A branch has a bias and starts from a normal of deviation 0.01.
    """

    def __init__(self, width_in: int, classes: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        for index, dilation in enumerate(dilations):
            branch = nn.Conv2d(width_in, classes, 3, padding=dilation, dilation=dilation)
            nn.init.normal_(branch.weight, std=CLASSIFIER_STD)
            nn.init.zeros_(branch.get_parameter("bias"))
            self.add_module(f"c{index}", branch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width_in, h, w) to (B, classes, h, w)."""
        first, *others = (branch(x) for branch in self.children())
        return sum(others, start=first)


class DeepLabV2(SegmentationNetwork):
    """Segmentation logits at the stride of the backbone's top feature (8), of one input scale or the best of several.

    On VGG16 the pyramid reads the one fc7 (fc6 has dilation 1); the paper's VGG16 has fc6 and fc7 for each dilation.
    """

    def __init__(
        self,
        backbone: Backbone,
        classes: int,
        dilations: tuple[int, ...] = DILATIONS,
        smaller_scales: tuple[float, ...] = (),
    ) -> None:
        """Build the head.

        Args:
            backbone: gives the top feature.
            classes: number of classes K, background included.
            dilations: of the parallel convolutions.
            smaller_scales: factors, below 1, by which the input is also looked at (published for ResNet-101: 0.5 and
                0.75); the logits are then the largest of all scales.

        Raises:
            ValueError: K is below 2.
        """
        super().__init__(backbone, classes)
        self.aspp = SummedPyramid(backbone.top_channels, classes, dilations)
        self.smaller_scales = smaller_scales

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, K, h, w) on the grid of `stride` of a normalised batch (B, 3, H, W)."""
        return self.all_scales(x)[-1]

    def all_scales(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The logits of the full input, those of each smaller one on its own grid, and last, on the first's grid, the
        largest of them all.

        With one scale there is nothing to choose from, and one entry.
        """
        logits = [self._one_scale(x)]
        logits += [self._one_scale(shrunk(x, scale)) for scale in self.smaller_scales]
        if len(logits) == 1:
            return logits
        grid_hw = logits[0].shape[2:]
        enlarged = [
            functional.interpolate(other, grid_hw, mode="bilinear", align_corners=False) for other in logits[1:]
        ]
        return [*logits, torch.stack([logits[0], *enlarged]).amax(dim=0)]

    def _one_scale(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.aspp(self.backbone(x)[self.backbone.top])
        return logits


def shrunk(x: torch.Tensor, scale: float) -> torch.Tensor:
    """Images (B, 3, H, W) resized bilinearly by a factor, without antialiasing; sides are rounded down.

    Pixels lie where the factor puts them, also when a side times it is no whole number (torch's `scale_factor`).
    """
    if min(x.shape[2:]) * scale < 1:
        sides = [max(1, int(side * scale)) for side in x.shape[2:]]
        return functional.interpolate(x, size=sides, mode="bilinear", align_corners=False)
    return functional.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)
