"""Settings of Mask2Former: its training, and its predictions."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.training import LoopSettings, SwinName

Scale = Annotated[float, Field(gt=0, le=8)]


class Mask2FormerSettings(LoopSettings):
    """Mask2Former on a Swin (Cheng et al., CVPR 2022), trained on seeds as in stage II of FMA-WSSS (WACV 2024): 80 000
    steps of 8 crops of 512 pixels on VOC; COCO: 100 000."""

    network: SwinName = "swin_l"
    """Backbone: Swin-L with windows of 12 cells, Swin-T, or a small one for tests that has no published weights."""
    weights: WeightsPath | None = None
    """File with initial weights of the backbone, as mmsegmentation has them, or null for a random start. Published:
    `swin_large_patch4_window12_384_22k_20220412-6580f57d.pth`."""
    labels: Literal["seeds", "truth"] = "seeds"
    """Learn from the input `seeds`, or from the ground truth of the training images: the fully supervised upper bound,
    no weakly supervised result."""
    steps: int | None = Field(80_000, ge=1)
    """Optimiser steps. Give this or `epochs`; the one given switches the other off."""
    batch: int = Field(8, ge=1)
    """Images per optimiser step (published: 4 on each of 2 GPUs)."""
    optimiser: Literal["sgd", "adam", "adamw"] = "adamw"
    """Rule of the update."""
    learning_rate: float = Field(1e-4, gt=0)
    """Rate of the head."""
    backbone_rate: float = Field(0.1, gt=0)
    """Factor on the rate of the backbone."""
    weight_decay: float = Field(0.05, ge=0)
    """Decay of weights; norms, tables of relative positions and what the queries start from have none."""
    gradient_norm: float | None = Field(0.01, gt=0)
    """Largest Euclidean length of the gradient over all parameters: longer ones are shortened to it. null: any."""
    validate_every_epochs: int = Field(4, ge=0)
    """Epochs between two validations; 0 = none. Published: every 5000 steps, and the best state by ground truth was
    taken; here it chooses nothing."""
    deterministic: bool = False
    """Use only operations that give equal bytes for equal seeds; the sampling of points has no such form on a GPU."""
    long_side: int = Field(2048, ge=8)
    """Images are resized as large as fits into `long_side` x `short_side` times a factor drawn from `rescale`."""
    short_side: int = Field(512, ge=8)
    """See `long_side`."""
    rescale: tuple[Scale, Scale] = (0.5, 2.0)
    """Smallest and largest random factor."""
    crop: int = Field(512, ge=8)
    """Side of the random square crop, pixels."""
    largest_share: Annotated[float, Field(gt=0, le=1)] = 0.75
    """A crop is drawn anew, up to ten times, when a class takes this part of its labelled pixels or more; 1: never."""
    padding: Literal["black", "mean"] = "black"
    """Colour beyond the image where it is smaller than the crop: black as for VOC, or the mean colour as for COCO."""
    mirror: bool = True
    """Mirror every other crop left to right."""
    brightness: float = Field(32.0, ge=0)
    """Largest random shift of brightness, of 255; 0 = none."""
    contrast: float = Field(0.5, ge=0, lt=1)
    """Strength s of the random contrast, a factor of 1 - s .. 1 + s."""
    saturation: float = Field(0.5, ge=0, lt=1)
    """Strength s of the random saturation, a factor of 1 - s .. 1 + s."""
    hue: int = Field(18, ge=0, le=90)
    """Largest random shift of hue, of a circle of 180."""
    points: int = Field(12_544, ge=1)
    """Points at which masks are compared, for the matching and for the loss."""
    validation_split: str | None = "val"
    """Split with ground truth on which mIoU is measured during training; null, or a split that is not there: none."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "Mask2FormerSettings":
        low, high = self.rescale
        if low > high:
            raise ValueError(f"`rescale` must be [smallest, largest], found [{low}, {high}]")
        return self


class Mask2FormerPredictionsSettings(Settings):
    """Label maps of Mask2Former, as stage II of FMA-WSSS makes them: one scale, no mirror."""

    long_side: int = Field(2048, ge=8)
    """Images are resized as large as fits into `long_side` x `short_side`."""
    short_side: int = Field(512, ge=8)
    """See `long_side`."""
    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (1.0,)
    """Factors on both sides, over which scores are averaged. A published variant: 0.5 to 1.75 in steps of 0.25."""
    mirror: bool = False
    """Run the left-right mirror of every scale, too."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
    confidence: bool = False
    """Store the score of the chosen label among those of all classes, too."""
