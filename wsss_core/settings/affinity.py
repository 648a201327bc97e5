"""Settings of the `affinity` methods."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from wsss_core.settings.published import PublishedSettings
from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName

GRID_STRIDE = 8
"""Image pixels per grid cell and axis of both published affinity networks."""


class AffinityNetSettings(JitterSettings, LoopSettings):
    """AffinityNet of PSA (Ahn & Kwak, CVPR 2018). Every default is that of the public code for VGG16.

    With the optional input `classifier` the backbone starts from that stage's classifier instead of `weights`.
    """

    network: NetworkName = "vgg16"
    """Backbone. ResNet38 needs `learning_rate` 0.01."""
    weights: Path | None = None
    """File with initial weights of the backbone, or null. PSA starts from ImageNet weights, not from the classifier: a
    user measured about 1 point of mIoU for it."""
    freeze: bool | None = None
    """Keep the first layers (and BatchNorm) as they start; null: exactly when they start from trained weights."""
    train_backbone: bool = True
    """Whether the backbone learns, too, as published. False: only the 1x1 heads do, which takes a fraction of the time
    and needs fewer images."""
    crop: int = Field(448, ge=1)
    """Side of the random square crop, pixels; black outside the image."""
    mirror: bool = True
    """Mirror every other crop left to right."""
    radius: int = Field(5, ge=2)
    """Cells closer than this to each other form training pairs (34 partners for 5)."""

    epochs: int | None = Field(8, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    batch: int = Field(8, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    momentum: float = Field(5e-4, ge=0, lt=1)
    """Momentum of SGD (first beta of Adam). The published 0.0005 is a slip of the public code; 0.9 would be usual."""

    @model_validator(mode="after")
    def _crop_holds_pairs(self) -> "AffinityNetSettings":
        cells = -(-self.crop // GRID_STRIDE)
        needed = 2 * self.radius - 1
        if cells < needed:
            smallest = (needed - 1) * GRID_STRIDE + 1
            raise ValueError(
                f"`crop` {self.crop} gives a grid of {cells} cells, too small for any pair within `radius` "
                f"{self.radius}; expected a crop of at least {smallest}"
            )
        return self


class PublishedAffinitySettings(PublishedSettings):
    """A trained affinity network from a file, used as it is."""

    network: NetworkName = "vgg16"
    """Backbone of the network in the file."""
    architecture: Literal["affinitynet", "irnet"] = "affinitynet"
    """That of PSA (vgg16, resnet38 published), for `random_walk`; or that of IRN (resnet50), for `boundary_walk`."""
