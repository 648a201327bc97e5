"""Base class of segmentation networks: they score classes, the background among them, per cell."""

import torch

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import Network


class SegmentationNetwork(Network):
    """A backbone whose head has an output channel per class."""

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """`classes`: number of classes K, background included. Raises `ValueError` when K is below 2."""
        super().__init__(backbone)
        if classes < 2:
            raise ValueError(f"a segmenter needs at least 2 classes (background and one more), found {classes}")
        self.classes = classes

    def all_scales(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The logits (B, K, h, w) that the training compares with labels, each on a grid of its own, for a normalised
        batch (B, 3, H, W). A network that looks at one scale has one."""
        return [self(x)]
