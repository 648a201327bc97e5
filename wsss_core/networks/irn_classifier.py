"""Tag classifier of IRN (Ahn et al., CVPR 2019): an undilated ResNet of stride 16 with a plain linear head."""

import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.backbone import Backbone
from wsss_core.networks.network import ParameterGroups, TagClassifier
from wsss_core.networks.resnet import ResNet

FROZEN_MODULES = ("conv1", "bn1", "layer1", "layer2")


class IrnClassifier(TagClassifier):
    """ResNet, global average and `classifier`, a 1x1 convolution without bias to C classes, started by torch's default.

    There is no dropout. CAM = ReLU(class maps).
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        """Build the head.

        Args:
            backbone: a ResNet; the published one has output stride 16 and no dilation.
            classes: number of foreground classes C.

        Raises:
            ValueError: C is below 1, or another backbone.
        """
        super().__init__(backbone)
        if classes < 1:
            raise ValueError(f"a classifier needs at least 1 class, found {classes}")
        if not isinstance(backbone, ResNet):
            raise ValueError(
                f"the classifier of IRN needs a ResNet backbone, found {type(backbone).__name__}; "
                "take resnet18, resnet34, resnet50 or resnet101, or the classifier `psa`"
            )
        self.classes = classes
        self.classifier = nn.Conv2d(backbone.top_channels, classes, 1, bias=False)

    def freeze(self) -> None:
        """What the recipe keeps from ImageNet weights: stem, layer1 and layer2 stop, all BatchNorm statistics stay.

        Weight and bias of the BatchNorms in layer3 and layer4 go on learning. The original freezes the stem and cuts
        the gradient after layer2: the same, for what gets no gradient gets no decay there either.
        """
        for child in FROZEN_MODULES:
            self.backbone.get_submodule(child).requires_grad_(False)
        self.backbone.fix_statistics()

    def parameter_groups(self) -> ParameterGroups:
        """The backbone and the classifier (published factors on the rate: 1 and 10, equal decay for all, biases
        too)."""
        names = [name for name, _ in self.named_parameters()]
        return [name for name in names if name.startswith("backbone.")], ["classifier.weight"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tag scores before the sigmoid, (B, C), of a normalised batch (B, 3, H, W)."""
        top = self.backbone(x)[self.backbone.top]
        return self.classifier(functional.adaptive_avg_pool2d(top, 1)).flatten(1)

    def class_maps(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores per grid cell before any rectification, (B, C, h, w)."""
        maps: torch.Tensor = self.classifier(self.backbone(x)[self.backbone.top])
        return maps

    def cam(self, x: torch.Tensor) -> torch.Tensor:
        """Class activation maps, (B, C, h, w), at least 0, not normalised: ReLU of the class maps."""
        return functional.relu(self.class_maps(x))
