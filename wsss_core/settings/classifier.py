"""Settings of the `classifier` methods."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.published import PublishedSettings
from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName


class ClassifierSettings(LoopSettings):
    """What all tag classifiers share."""

    network: NetworkName = "vgg16"
    """Backbone."""
    weights: WeightsPath | None = None
    """File with initial weights of the backbone, or null for a random start. Read are PyTorch files of any age,
    safetensors, Caffe's .caffemodel and MXNet's .params, named as in PSA, IRN, torchvision, Caffe, MXNet or here."""
    freeze: bool | None = None
    """Keep the first layers (and BatchNorm) as they are in `weights`; null: exactly when weights are given."""
    validation_split: str | None = "val"
    """Split whose tags judge the classifier after each epoch; null, or a split that the data has not: no validation."""
    longer_side: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]] = (256, 512)
    """Each image is resized so that its longer side is a random number of pixels in this range, both ends included."""
    crop: int = Field(448, ge=8)
    """Side of the random square crop, pixels; smaller images are padded with the mean colour."""
    mirror: bool = True
    """Mirror every other image left to right."""
    validation_crop: int = Field(500, ge=8)
    """Side of the square crop of validation images, pixels; smaller images are padded with the mean colour."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "ClassifierSettings":
        low, high = self.longer_side
        if low > high:
            raise ValueError(f"`longer_side` must be [smallest, largest], found [{low}, {high}]")
        return self


class PsaClassifierSettings(JitterSettings, ClassifierSettings):
    """Tag classifier of PSA (Ahn & Kwak, CVPR 2018). Every default is that of the public code for VGG16."""

    network: NetworkName = "vgg16"
    """Backbone: the published ones (vgg16, resnet38), torchvision's ResNets dilated to stride 8, or the small one that
    needs no pretrained weights. ResNet38 needs `learning_rate` 0.01; 0.1 diverges."""
    validation_crop: int = Field(500, ge=8)
    """Side of the central crop of validation images, pixels; smaller images are padded with the mean colour."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Probability of dropping a channel before the classifier; null: as published for the backbone (0.5, small: 0)."""

    epochs: int | None = Field(15, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    momentum: float = Field(5e-4, ge=0, lt=1)
    """Momentum of SGD. The published 0.0005 is a slip of the public code (it hands over the weight decay in its place);
    0.9 would be usual, with a tenth of the learning rate."""


class IrnClassifierSettings(ClassifierSettings):
    """Tag classifier of IRN (Ahn et al., CVPR 2019). Every default is that of the public code."""

    network: Literal["resnet18", "resnet34", "resnet50", "resnet101"] = "resnet50"
    """Backbone: torchvision's ResNets at stride 16 without dilation; resnet50 is the published one."""
    freeze: bool | None = None
    """Keep stem, layer1 and layer2 as they are in `weights`, and the statistics of every BatchNorm; null: exactly when
    weights are given."""
    longer_side: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]] = (320, 640)
    """Each image is resized so that its longer side is a random number of pixels in this range, both ends included."""
    crop: int = Field(512, ge=8)
    """Side of the random square crop, pixels; smaller images are padded with the mean colour."""
    validation_crop: int = Field(512, ge=8)
    """Side of the crop at the top left of validation images, pixels; smaller images are padded with the mean colour."""

    epochs: int | None = Field(5, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    learning_rate: float = Field(0.1, gt=0)
    """Rate of the backbone, biases too; the classifier's is `new_layer_rate` times as much."""
    weight_decay: float = Field(1e-4, ge=0)
    """Decay of all that learns, biases too."""
    momentum: float = Field(1e-4, ge=0, lt=1)
    """Momentum of SGD. The published 0.0001 is a slip of the public code (it hands over the weight decay in its place);
    0.9 would be usual, with a tenth of the learning rate."""


class EpsClassifierSettings(JitterSettings, ClassifierSettings):
    """Tag classifier of EPS (Lee et al., CVPR 2021), trained on tags and saliency maps together. Every default is that
    of the published run on VOC 2012."""

    network: NetworkName = "resnet38"
    """Backbone; resnet38 is the published one."""
    overlap_threshold: float = Field(0.4, ge=0, le=1)
    """A tagged class is foreground when more than this share of its cells is salient, else it counts as background
    (tau in the paper). 1: all are background."""
    foreground_weight: float = Field(0.5, ge=0, le=1)
    """Weight of the foreground maps in the estimated saliency; the background's has the rest (lambda in the paper; 0.9
    on MS-COCO)."""
    saliency_weight: float = Field(1.0, ge=0)
    """Weight of the saliency loss beside that of the tags; 0 leaves a classifier with a background map of no use."""

    steps: int | None = Field(20_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    batch: int = Field(8, ge=1)
    """Images per optimiser step; an incomplete last batch of an epoch is dropped."""
    learning_rate: float = Field(0.01, gt=0)
    """Rate of the backbone's weights; the head's is `new_layer_rate` times as much."""
    momentum: float = Field(5e-4, ge=0, lt=1)
    """Momentum of SGD. The published 0.0005 is a slip of the public code (it hands over the weight decay in its place);
    0.9 would be usual, with a tenth of the learning rate."""


class PublishedClassifierSettings(PublishedSettings):
    """A trained classifier from a file, used as it is. Its classes are those of the data, in their order."""

    network: NetworkName = "vgg16"
    """Backbone of the network in the file."""
    architecture: Literal["psa", "irn", "eps"] = "psa"
    """Whose classifier it is: that of PSA (vgg16, resnet38 published) and of EPS's baseline (resnet38), that of IRN
    (resnet50), or that of EPS (resnet38)."""
