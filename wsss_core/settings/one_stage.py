"""Settings of the one-stage methods: WS-FCN (Wang et al., TNNLS 2023), its parent (Araslanov & Roth, CVPR 2020) and the
baseline of both, as trainings and as predictions."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.pixel_adaptive import PixelAdaptiveSettings
from wsss_core.settings.training import JitterSettings, LoopSettings, NetworkName

Share = Annotated[float, Field(ge=0, le=1)]
Scale = Annotated[float, Field(gt=0, le=8)]
Side = Annotated[int, Field(ge=1)]


class PseudoLabelSettings(PixelAdaptiveSettings):
    """How the network's masks become the labels that it learns from; defaults as published for VOC."""

    background_share: Share = 0.7
    """The background is where its refined mask is above this share of its maximum over the image (COCO: 0.8)."""
    foreground_share: Share = 0.6
    """The same for the tags."""
    lowest: Share = 0.2
    """No threshold is below this (COCO: 0.1)."""


class OneStageTrainingSettings(JitterSettings, LoopSettings):
    """What the one-stage trainings share: tags in, masks out, no seeds."""

    network: NetworkName = "resnet38"
    """Backbone. Published are resnet38, resnet50, resnet101 and vgg16."""
    weights: WeightsPath | None = None
    """File with initial weights of the backbone, or null for a random start. With `whole_network` a file or folder of a
    trained one-stage network, such as a published `model_enc_e*.pth`."""
    whole_network: bool = False
    """Take the head from `weights`, too, to train on. Every tensor must be there, and no other."""
    freeze: bool | None = None
    """Keep the stem, and the BatchNorm of the backbone, as they start; null: exactly when they start from trained
    weights."""
    output_stride: Literal[8, 16] | None = None
    """Pixels per cell of the top feature of vgg16 and of the ResNets; null: as published (ResNets 16; vgg16: WS-FCN 16,
    the others 8). resnet38 and small have 8."""
    epochs: int | None = Field(31, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off. The published codes
    count from 0 to their number, so they pass once more than it says."""
    classification_epochs: int | None = Field(7, ge=0)
    """First passes that learn from the tags only; after them the mask loss is added. null: all."""
    classification_loss: Literal["soft_margin", "margin"] = "soft_margin"
    """Multi-label soft margin, or the hinge between tags and other classes."""
    focal_lambda: Positive = 0.01
    """Penalty of small masks: a class that is nowhere scores the logarithm of this (COCO: 0.1)."""
    mask_loss_weight: Annotated[float, Field(ge=0)] = 1.0
    """Factor on the mask loss."""
    pseudo_labels: PseudoLabelSettings = PseudoLabelSettings()
    """How the network's own masks become labels."""
    learning_rate: float = Field(1e-3, gt=0)
    """Rate of the backbone's weights."""
    schedule: Literal["poly", "constant"] = "constant"
    """Learning rate over the steps: lr0 (1 - t/T)^power, or lr0 (published)."""
    bias_rate: Positive | None = None
    """Factor on the rate of the backbone's biases; null: as published, 1 for ResNets, else 2."""
    new_layer_rate: float = Field(20.0, gt=0)
    """Factor on the rate of the head's weights."""
    new_bias_rate: Positive | None = None
    """Factor on the rate of the head's biases; null: as published, 10 for ResNets, else twice `new_layer_rate`."""
    crop: int = Field(321, ge=8)
    """Side of the training pictures, pixels."""
    area: tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]] = (0.9, 1.0)
    """A random rectangle with a share of the image's area in this range is resized to the crop."""
    aspect: tuple[Positive, Positive] = (3 / 4, 4 / 3)
    """Range of the rectangle's width over its height."""
    mirror: bool = True
    """Mirror every other picture left to right."""
    validation_split: str | None = "val"
    """Split with ground truth on which mIoU is measured during training (one scale, no tags); null, or a split that the
    data has not: none. It chooses nothing: the last state is kept."""

    @model_validator(mode="after")
    def _ranges_in_order(self) -> "OneStageTrainingSettings":
        for name, (low, high) in (("area", self.area), ("aspect", self.aspect)):
            if low > high:
                raise ValueError(f"`{name}` must be [smallest, largest], found [{low}, {high}]")
        if self.whole_network and self.weights is None:
            raise ValueError("`whole_network` needs `weights`: name the file or folder of the trained network")
        return self


class WsFcnSettings(OneStageTrainingSettings):
    """WS-FCN (Wang et al., TNNLS 2023). Every default is that of the public code for ResNet38 on VOC."""


class OneStageSettings(OneStageTrainingSettings):
    """The parent of WS-FCN (Araslanov & Roth, CVPR 2020). Every default is that of the public code for ResNet38; the
    others have `crop` 448, and vgg16 33, resnet50 and resnet101 21 epochs, resnet50 `learning_rate` 0.0005."""

    epochs: int | None = Field(25, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off. The published codes
    count from 0 to their number, so they pass once more than it says."""
    classification_epochs: int | None = Field(5, ge=0)
    """First passes that learn from the tags only; after them the mask loss is added. null: all."""
    new_layer_rate: float = Field(10.0, gt=0)
    """Factor on the rate of the head's weights."""


class OneStageCamSettings(OneStageTrainingSettings):
    """The baseline of both: a classifier whose activation maps are the masks. It never learns from masks."""

    epochs: int | None = Field(6, ge=1)
    """Passes over the training images. Give this or `steps`; the one given switches the other off."""
    classification_epochs: None = None
    """The baseline learns from tags only."""
    new_layer_rate: float = Field(10.0, gt=0)
    """Factor on the rate of the head's weights (the code of WS-FCN: 20)."""


class CropGridSettings(Settings):
    """Overlapping crops of the padded image in place of several scales (`multicrop` of the public codes)."""

    crop: Side = 448
    """Side of a crop, pixels."""
    grid: tuple[Annotated[int, Field(ge=1, le=16)], Annotated[int, Field(ge=1, le=16)]] = (2, 2)
    """Rows and columns of crops, evenly spread over the padded image; each is run mirrored and plain."""


class OneStagePredictionsSettings(Settings):
    """Label maps of a one-stage network as published: classes are decided for the whole image, then masks compared.
    Every default is that of WS-FCN with ResNet38 on VOC."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (1.0, 0.5, 1.5, 2.0)
    """Factors by which the image is resized (Pillow bicubic) before the network (vgg16, resnet50 and resnet101 of the
    parent: 1, 0.75, 1.25, 1.5)."""
    mirror: bool = True
    """Run the left-right mirror of every scale, too."""
    canvas: Side | None = 1024
    """Side of the black square in whose centre every copy stands (other backbones of the parent: 768, COCO: 1304); a
    larger copy has a larger one. Context and tag scores see the padding, so the published figures need it. null: none,
    which is three times as fast."""
    crops: CropGridSettings | None = None
    """Crops of the padded image, at its own scale, in place of `scales`; no published figure uses them. null: none."""
    views_per_batch: Annotated[int, Field(ge=1, le=64)] = 2
    """Copies of equal size that the network sees at once; the original takes all eight. Results do not depend on it."""
    focal_lambda: Positive = 0.01
    """As in the training."""
    tag_cut: Share = 0.1
    """A class is in the image when its probability reaches more than this in any copy."""
    restrict_to_tags: bool = False
    """Take the image's tags in place of the decided classes ("clean" results). The tags are then an INPUT of the
    predictions: such figures must not be compared with published validation results that use no tags."""
    background: Literal["constant", "power"] = "constant"
    """Score of the background against the masks: a constant (WS-FCN), or its mean mask to a power (the parent)."""
    background_constant: Share = 0.25
    """The constant."""
    background_power: Positive = 3.0
    """The power (vgg16 of the parent: 1)."""
    crf: CrfSettings | None = None
    """Dense CRF on the scores; null = none. WS-FCN has `bilateral_sxy` 30, the parent 80."""
    crf_background_power: Positive | None = 5.0
    """Background score that the CRF gets: (1 - largest mask)^power (WS-FCN); null: as `background` says (the
    parent)."""
    crf_all_classes: bool = True
    """Let the classes that are not in the image into the CRF, too, as the originals do, with the smallest probability;
    false takes a fraction of the time."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
    confidence: bool = False
    """Store the score of the chosen label, too."""

    @model_validator(mode="after")
    def _crops_need_a_canvas(self) -> "OneStagePredictionsSettings":
        if self.crops is not None and (self.canvas is None or self.canvas < self.crops.crop):
            raise ValueError(f"`crops` needs a `canvas` of at least {self.crops.crop}, found {self.canvas}")
        return self
