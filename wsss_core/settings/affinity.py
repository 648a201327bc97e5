"""Settings of the `affinity` methods."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.published import PublishedSettings
from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName

AFFINITYNET_STRIDE = 8
IRNET_STRIDE = 4
"""Image pixels per grid cell and axis."""

Factor = Annotated[float, Field(gt=0, le=8)]


class AffinityNetSettings(JitterSettings, LoopSettings):
    """AffinityNet of PSA (Ahn & Kwak, CVPR 2018). Every default is that of the public code for VGG16.

    With the optional input `classifier` the backbone starts from that stage's classifier instead of `weights`.
    """

    network: NetworkName = "vgg16"
    """Backbone. ResNet38 needs `learning_rate` 0.01."""
    weights: WeightsPath | None = None
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
        check_crop_holds_pairs(self.crop, self.radius, AFFINITYNET_STRIDE)
        return self


class IRNetSettings(LoopSettings):
    """IRNet of IRN (Ahn et al., CVPR 2019): class boundaries and displacements on a backbone that does not learn. Every
    default is that of the public code.

    The backbone starts from `weights` or from the optional input `classifier`; one of the two is needed.
    """

    network: NetworkName = "resnet50"
    """Backbone. ResNets run at output stride 16 without dilation, as published."""
    weights: WeightsPath | None = None
    """File with the weights of the backbone, or null. IRN takes ImageNet weights, not those of its classifier."""
    rescale: tuple[Factor, Factor] = (0.5, 1.5)
    """Image and labels are resized by a random factor in this range."""
    crop: int = Field(512, ge=1)
    """Side of the random square crop, pixels; outside the image: mean colour, label 255."""
    mirror: bool = True
    """Mirror every other crop left to right."""
    radius: int = Field(10, ge=2)
    """Cells closer than this to each other form training pairs (152 partners for 10)."""
    mean_split: str | None = None
    """Split over whose images the displacements are averaged after the training; the mean is taken off all
    displacements. Null: the images of the training; IRN trains on train_aug and takes train."""

    epochs: int | None = Field(3, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    batch: int = Field(32, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    learning_rate: float = Field(0.1, gt=0)
    """Rate of the boundary heads."""
    new_layer_rate: float = Field(10.0, gt=0)
    """Factor on the rate of the displacement heads."""
    momentum: float = Field(1e-4, ge=0, lt=1)
    """Momentum of SGD (first beta of Adam). The published 0.0001 is a slip of the public code; 0.9 would be usual."""
    weight_decay: float = Field(1e-4, ge=0)
    """Decay of weights and biases."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "IRNetSettings":
        low, high = self.rescale
        if low > high:
            raise ValueError(f"`rescale` must be [smallest, largest], found [{low}, {high}]")
        return self

    @model_validator(mode="after")
    def _crop_holds_pairs(self) -> "IRNetSettings":
        check_crop_holds_pairs(self.crop, self.radius, IRNET_STRIDE)
        return self


def check_crop_holds_pairs(crop: int, radius: int, stride: int) -> None:
    """Raise `ValueError` where the grid of a crop of `crop` pixels is too small for any pair within `radius` cells."""
    cells = -(-crop // stride)
    needed = 2 * radius - 1
    if cells < needed:
        raise ValueError(
            f"`crop` {crop} gives a grid of {cells} cells, too small for any pair within `radius` {radius}; expected a "
            f"crop of at least {(needed - 1) * stride + 1}"
        )


class PublishedAffinitySettings(PublishedSettings):
    """A trained affinity network from a file, used as it is."""

    network: NetworkName = "vgg16"
    """Backbone of the network in the file."""
    architecture: Literal["affinitynet", "irnet"] = "affinitynet"
    """That of PSA (vgg16, resnet38 published), for `random_walk`; or that of IRN (resnet50), for `boundary_walk`."""
