"""Settings of the `segmenter` methods."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from wsss_core.settings.cams import Canvas
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.published import PublishedSettings
from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName, Strength, SwinName

Factor = Annotated[float, Field(gt=0, le=8)]


class SegmenterSettings(JitterSettings, LoopSettings):
    """What all segmentation networks share. With the optional input `classifier` the backbone starts from that stage's
    classifier instead of `weights`."""

    network: NetworkName = "vgg16"
    """Backbone."""
    weights: WeightsPath | None = None
    """File with initial weights of the backbone, or null for a random start."""
    freeze: bool | None = None
    """Keep the first layers (and BatchNorm) as they start; null: exactly when they start from trained weights."""
    labels: Literal["seeds", "truth"] = "seeds"
    """Learn from the input `seeds`, or from the ground truth of the training images: the fully supervised upper bound,
    no weakly supervised result."""
    minimum_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Pixels of the seeds below this confidence are ignored (255), so that the network decides where the seeds cannot.
    Above 0 the seeds must store it (`confidence: true`)."""
    balance: Literal["pixels", "foreground"] = "pixels"
    """`pixels`: every labelled pixel weighs the same. `foreground`: background and foreground weigh one half each, as
    in the seeding loss of DSRG (Huang et al., CVPR 2018)."""
    rescale: tuple[Factor, Factor] = (0.5, 2.0)
    """Image and labels are resized by a random factor in this range."""
    rescale_factors: Annotated[tuple[Factor, ...], Field(min_length=1)] | None = None
    """The factors to choose from instead of a range; null: the range `rescale`, which switches them off when given."""
    crop: int = Field(321, ge=8)
    """Side of the random square crop, pixels; outside the image: mean colour, label 255."""
    crop_style: Literal["psa", "deeplab"] = "psa"
    """How crops are made. psa: Pillow's bicubic filter, smaller images at a random place. deeplab, as the public port
    of DeepLab v2: OpenCV's bilinear filter without antialiasing, smaller images at the top left."""
    mirror: bool = True
    """Mirror every other crop left to right."""
    loss_at: Literal["grid", "crop"] = "grid"
    """Compare with the nearest label of each grid cell, or enlarge the scores to the crop and compare every pixel."""
    canvas: Canvas = "cells"
    """What the grid of scores spans, here and in predictions: whole cells of the network, the last of which may reach
    beyond the image, or just the image, so that its cells are a little smaller (the public port of DeepLab v2)."""
    validation_split: str | None = "val"
    """Split with ground truth on which mIoU is measured during training (one scale, no mirror); null, or a split that
    the data has not: none. It chooses nothing: the last state is kept."""

    @model_validator(mode="before")
    @classmethod
    def _range_given_switches_factors_off(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "rescale" in values and "rescale_factors" not in values:
            return {**values, "rescale_factors": None}
        return values

    @model_validator(mode="after")
    def _range_in_order(self) -> "SegmenterSettings":
        low, high = self.rescale
        if low > high:
            raise ValueError(f"`rescale` must be [smallest, largest], found [{low}, {high}]")
        return self


class DeepLabV1Settings(SegmenterSettings):
    """DeepLab v1 LargeFOV (Chen et al., ICLR 2015), as trained on the labels of PSA: 20 000 steps of 10 images."""

    steps: int | None = Field(20_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    batch: int = Field(10, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    learning_rate: float = Field(1e-3, gt=0)
    """Rate of the backbone's weights; biases get 2 times, the classifier 10 times, its bias 20 times as much."""


class DeepLabV2Settings(SegmenterSettings):
    """DeepLab v2 with ASPP (Chen et al., TPAMI 2018), as its public port trains it: 20 000 steps of 10 images, colours
    unchanged. With the published network, resnet101_caffe, it looks at three scales of the input and learns from four
    losses; with others at one. `freeze` keeps BatchNorm and, of torchvision's ResNets only, stem and layer1."""

    network: NetworkName = "resnet101"
    """Backbone: resnet101_caffe is the published one (its authors' ResNet-101; torchvision's weights start it, too)."""
    output_stride: Literal[8, 16] = 8
    """Pixels per cell of the top feature of ResNet-18/34/50/101; the other backbones have 8."""
    steps: int | None = Field(20_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    batch: int = Field(10, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    learning_rate: float = Field(2.5e-4, gt=0)
    """Rate of the backbone's weights; biases get 2 times, the pyramid 10 times, its biases 20 times as much."""
    rate_every_steps: int = Field(10, ge=1)
    """Steps for which the poly schedule keeps a rate before it takes the next."""
    rescale: tuple[Factor, Factor] = (0.5, 1.5)
    """Image and labels are resized by a random factor in this range."""
    rescale_factors: Annotated[tuple[Factor, ...], Field(min_length=1)] | None = (0.5, 0.75, 1.0, 1.25, 1.5)
    """The factors to choose from instead of a range; null: the range `rescale`, which switches them off when given."""
    crop_style: Literal["psa", "deeplab"] = "deeplab"
    """How crops are made. psa: Pillow's bicubic filter, smaller images at a random place. deeplab: OpenCV's bilinear
    filter without antialiasing, smaller images at the top left."""
    canvas: Canvas = "image"
    """What the grid of scores spans, here and in predictions: just the image, or whole cells of the network, the last
    of which may reach beyond the image."""
    brightness: Strength = 0.0
    """Strength of the random change of brightness; 0 = none."""
    contrast: Strength = 0.0
    """Strength of the random change of contrast."""
    saturation: Strength = 0.0
    """Strength of the random change of saturation."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Strength of the random change of hue, in turns of the colour circle."""


class DeepLabV3PlusSettings(SegmenterSettings):
    """DeepLab v3+ (Chen et al., ECCV 2018): 30 000 steps of 16 images, crop 513."""

    network: NetworkName = "resnet101"
    """Backbone."""
    output_stride: Literal[8, 16] = 16
    """Pixels per cell of the top feature of ResNet-18/34/50/101; the other backbones have 8."""
    steps: int | None = Field(30_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    batch: int = Field(16, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    crop: int = Field(513, ge=8)
    """Side of the random square crop, pixels; outside the image: mean colour, label 255."""
    learning_rate: float = Field(7e-3, gt=0)
    """Rate of the backbone's weights; biases get 2 times as much."""
    new_layer_rate: float = Field(1.0, gt=0)
    """Factor on the rate of new layers."""
    weight_decay: float = Field(4e-5, ge=0)
    """Decay of weights; biases have none."""
    loss_at: Literal["grid", "crop"] = "crop"
    """Compare with the nearest label of each grid cell, or enlarge the scores to the crop and compare every pixel."""


class PublishedSegmenterSettings(PublishedSettings):
    """A trained segmentation network from a file, used as it is. Its channels are the background and the classes of the
    data, in their order."""

    network: NetworkName | SwinName = "vgg16"
    """Backbone of the network in the file."""
    architecture: Literal[
        "deeplab_v1",
        "deeplab_v2",
        "deeplab_v3plus",
        "mask2former",
        "ws_fcn",
        "one_stage",
        "one_stage_cam",
        "embedding_deeplab",
        "embedding_pspnet",
    ] = "deeplab_v1"
    """What stands on the backbone."""
    output_stride: Literal[8, 16] | None = None
    """Pixels per cell of the top feature of ResNet-18/34/50/101, which the file does not tell; null: 8 for DeepLab
    (v3plus trained here has 16), as published for WS-FCN and its parent (16). Of no effect where the weights are the
    folder of a network trained here."""
