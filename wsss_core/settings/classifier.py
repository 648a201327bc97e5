"""Settings of the `classifier` methods."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName


class PsaClassifierSettings(JitterSettings, LoopSettings):
    """Tag classifier of PSA (Ahn & Kwak, CVPR 2018). Every default is that of the public code for VGG16."""

    network: NetworkName = "vgg16"
    """Backbone: the published ones (vgg16, resnet38), torchvision's ResNets dilated to stride 8, or the small one that
    needs no pretrained weights. ResNet38 needs `learning_rate` 0.01; 0.1 diverges."""
    weights: Path | None = None
    """File with initial weights of the backbone, or null for a random start. Read are PyTorch files of any age,
    safetensors, Caffe's .caffemodel and MXNet's .params, named as in PSA, torchvision, Caffe, MXNet or here."""
    freeze: bool | None = None
    """Keep the first layers (and BatchNorm) as they are in `weights`; null: exactly when weights are given."""
    validation_split: str | None = "val"
    """Split whose tags judge the classifier after each epoch; null, or a split that the data has not: no validation."""
    longer_side: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]] = (256, 512)
    """Each image is resized so that its longer side is a random number of pixels in this range, both ends included."""
    crop: int = Field(448, ge=8)
    """Side of the random square crop, pixels."""
    mirror: bool = True
    """Mirror every other image left to right."""
    validation_crop: int = Field(500, ge=8)
    """Side of the central crop of validation images, pixels; smaller images are padded with the mean colour."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Probability of dropping a channel before the classifier; null: as published for the backbone (0.5, small: 0)."""

    epochs: int | None = Field(15, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    momentum: float = Field(5e-4, ge=0, lt=1)
    """Momentum of SGD. The published 0.0005 is a slip of the public code (it hands over the weight decay in its place);
    0.9 would be usual, with a tenth of the learning rate."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "PsaClassifierSettings":
        low, high = self.longer_side
        if low > high:
            raise ValueError(f"`longer_side` must be [smallest, largest], found [{low}, {high}]")
        return self
