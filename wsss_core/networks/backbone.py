"""What every backbone offers: named features, their widths and strides, and what a fine-tuning recipe freezes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from wsss_core.networks.normalisation import Normalisation

Features = dict[str, torch.Tensor]
BATCH_NORM_TYPES = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)


@dataclass(frozen=True)
class ClassifierStyle:
    """How the published classifier on a backbone turns the top feature into tag scores and CAMs."""

    dropout: float = 0.0
    """Probability of dropping a whole channel of the top feature in training."""
    average_maps: bool = False
    """Average after the 1x1 classifier (VGG16 of PSA) instead of before it: equal up to rounding."""
    cam_square_root: bool = False
    """CAM = sqrt(ReLU(map)) (VGG16 of PSA) instead of ReLU(map)."""


class Backbone(nn.Module):
    """Base class. `forward(x)` maps a normalised batch float32 (B, 3, H, W) to features `{name: (B, D, h, w)}`.

    A feature of stride s has h = ceil(H/s), w = ceil(W/s) (strided steps round up one after the other), so any image of
    at least 1x1 pixel is accepted.
    """

    channels: dict[str, int]
    """Width D of each feature."""
    strides: dict[str, int]
    """Input pixels per grid cell of each feature."""
    top: str
    """Name of the feature that classifiers and segmentation heads read."""
    low: str
    """Name of the early, finer feature for decoders."""
    affinity_taps: tuple[str, str, str]
    """Features read by AffinityNet's f8_3, f8_4, f8_5."""
    edge_taps: tuple[str, str, str, str, str]
    """Features read by IRNet's heads 1 to 5: two of stride 4, one of stride 8, two of stride 8 or 16."""
    normalisation: Normalisation
    """Input rule of the weights the backbone was designed around; the checkpoint reader replaces it when a file has
    another."""
    classifier_style: ClassVar[ClassifierStyle] = ClassifierStyle()
    affinity_group_norm: ClassVar[bool] = True
    """Whether AffinityNet normalises its three taps (the published ResNet38 form does not)."""
    has_wide_view: ClassVar[bool] = False
    """Whether the top feature already contains DeepLab-LargeFOV's dilated fc6 and fc7."""
    frozen_modules: ClassVar[tuple[str, ...]] = ()
    """Children whose parameters do not train when the backbone starts from ImageNet weights."""
    stem_modules: ClassVar[tuple[str, ...]] = ()
    """Of the children, those that the one-stage networks keep (Araslanov & Roth, CVPR 2020)."""
    fixes_batch_norm: ClassVar[bool] = False
    """Whether `freeze` also fixes every BatchNorm (statistics, weight and bias)."""

    def __init__(self) -> None:
        super().__init__()
        self.batch_norm_fixed = False
        self.statistics_fixed = False

    @property
    def stride(self) -> int:
        """Input pixels per grid cell of the top feature."""
        return self.strides[self.top]

    @property
    def top_channels(self) -> int:
        """Width of the top feature."""
        return self.channels[self.top]

    def batch_norms(self) -> Iterator[tuple[str, nn.Module]]:
        """Every BatchNorm of the backbone with its name."""
        for name, module in self.named_modules():
            if isinstance(module, BATCH_NORM_TYPES):
                yield name, module

    def freeze(self) -> None:
        """Stop training of what the recipe keeps from the ImageNet weights; call it after these are loaded.

        Frozen parameters get no gradient. Where the recipe fixes BatchNorm, its statistics stay too, also after
        `train()`.
        """
        for child in self.frozen_modules:
            self.get_submodule(child).requires_grad_(False)
        if self.fixes_batch_norm:
            self.fix_batch_norm()

    def fix_batch_norm(self) -> None:
        """Keep statistics, weight and bias of every BatchNorm as they are, also after `train()`."""
        self.batch_norm_fixed = True
        for _, norm in self.batch_norms():
            norm.requires_grad_(False)
        self.fix_statistics()

    def fix_statistics(self) -> None:
        """Keep the running mean and variance of every BatchNorm as they are and use them, also after `train()`; weight
        and bias may go on learning."""
        self.statistics_fixed = True
        for _, norm in self.batch_norms():
            norm.eval()

    def train(self, mode: bool = True) -> "Backbone":
        """As `nn.Module.train`, but BatchNorms with fixed statistics stay in evaluation mode."""
        super().train(mode)
        if self.statistics_fixed:
            for _, norm in self.batch_norms():
                norm.eval()
        return self
