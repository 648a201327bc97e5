"""Base class of a backbone with a head: freezing, input rule and the parameter groups of the PSA optimiser."""

from abc import ABC, abstractmethod

import torch
from torch import nn

from wsss_core.networks.backbone import BATCH_NORM_TYPES, Backbone
from wsss_core.networks.normalisation import Normalisation

ParameterGroups = tuple[list[str], ...]
"""Parameter names by role: old weights, old biases, new weights, new biases (PSA), or slow and fast layers (IRN)."""
HEAD_NORM_TYPES = (nn.GroupNorm,)


class Network(nn.Module):
    """A backbone under the name `backbone` and new layers, its head, beside it."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    @property
    def normalisation(self) -> Normalisation:
        """Input rule belonging to the weights the network holds."""
        return self.backbone.normalisation

    @property
    def stride(self) -> int:
        """Input pixels per cell of the output grid."""
        return self.backbone.stride

    def freeze(self) -> None:
        """Freeze what the recipe keeps from ImageNet weights; see `Backbone.freeze`. The head always trains."""
        self.backbone.freeze()

    def parameter_groups(self) -> ParameterGroups:
        """Names of all parameters by role: old weights, old biases, new weights, new biases (PSA, CVPR 2018, code).

        Old are the backbone's convolutions and GroupNorm (also that of the head), new are the other layers of the head.
        The published factors on rate / decay are 1 / 1, 2 / 0, 10 / 1, 20 / 0. Frozen convolutions are listed (they get
        no gradient, so neither decay nor momentum touches them); the parameters of a BatchNorm that `freeze` fixed are
        in no group, those of a trained one are with their layer. Call it after `freeze`. Order: that of the state dict.
        """
        groups: ParameterGroups = ([], [], [], [])
        for module_name, module in self.named_modules():
            if self._is_fixed_norm(module_name, module):
                continue
            is_new = not _is_inside_backbone(module_name) and not isinstance(module, HEAD_NORM_TYPES)
            for name, _ in module.named_parameters(module_name, recurse=False):
                is_bias = name.endswith(".bias")
                groups[2 * is_new + is_bias].append(name)
        return groups

    def _is_fixed_norm(self, name: str, module: nn.Module) -> bool:
        is_backbone_norm = _is_inside_backbone(name) and isinstance(module, BATCH_NORM_TYPES)
        return self.backbone.batch_norm_fixed and is_backbone_norm


class TagClassifier(Network, ABC):
    """A network that scores image tags from class maps: `forward(x)` gives (B, C) scores before the sigmoid."""

    @abstractmethod
    def class_maps(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores per grid cell before any rectification, (B, C, h, w), of a normalised batch (B, 3, H, W)."""

    @abstractmethod
    def cam(self, x: torch.Tensor) -> torch.Tensor:
        """Class activation maps, (B, C, h, w), at least 0, not normalised, of a normalised batch (B, 3, H, W)."""


def _is_inside_backbone(module_name: str) -> bool:
    return module_name == "backbone" or module_name.startswith("backbone.")
