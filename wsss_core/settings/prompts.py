"""Settings of CLIP with learnt prompts: the classifier `prompts` of FMA-WSSS (Yang & Gong, WACV 2024)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.paths import WeightsPath
from wsss_core.settings.training import LoopSettings

VOC_BACKGROUND = (
    *("ground", "land", "grass", "tree", "building", "wall", "sky", "lake", "water", "river", "sea", "railway"),
    *("railroad", "keyboard", "helmet", "cloud", "house", "mountain", "ocean", "road", "rock", "street", "valley"),
    *("bridge", "sign"),
)
"""Backgrounds named with PASCAL VOC. With MS COCO, where a keyboard and signs are classes, without these two."""

Side = Annotated[int, Field(ge=16)]


class PromptTextSettings(Settings):
    """The network, and what is fixed about its prompts."""

    clip_weights: WeightsPath = Path("weights/ViT-B-16.pt")
    """CLIP with a vision transformer: OpenAI's file (`ViT-B-16.pt` is the published one), a state dict with names of
    OpenAI or Hugging Face, or a folder of Hugging Face. It stays as it is."""
    words: dict[str, str] = Field(default_factory=dict)
    """Class name -> the words that stand for it, where they are not to be the published ones (`bird`: "bird avian"; for
    other classes of VOC and COCO see `clip/words.py`) or the name itself."""
    background: tuple[str, ...] = VOC_BACKGROUND
    """Names of backgrounds, with which the classes compete. As published: 25 names for the first prompts on VOC, 25
    empty ones for the second, for COCO the 25 without keyboard and sign."""
    position: Literal["end", "middle", "front"] = "end"
    """Where the name stands: behind the learnt words, in their middle, or in front of them (second prompts on VOC)."""


class PromptAugmentationSettings(Settings):
    """Changes of training images. Defaults are the published ones for VOC."""

    longer_side: tuple[Side, Side] = (288, 480)
    """Each image is resized so that its longer side is a random number of pixels in this range, both ends included, or
    so that its shorter side is `crop`, if that is more. COCO: 318 to 530 (first prompts) or 531 (second)."""
    crop: Annotated[int, Field(ge=16)] = 224
    """Side of the random square crop, pixels; a multiple of CLIP's patch (16)."""
    mirror: bool = True
    """Mirror every other image left to right."""
    brightness_levels: Annotated[float, Field(ge=0, le=255)] = 25.0
    """Largest change of brightness, of 255 levels. Each of the four changes happens to every other image."""
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Largest change of the factor of contrast."""
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Largest change of the factor of saturation."""
    hue_levels: Annotated[float, Field(ge=0, le=255)] = 25.0
    """Largest change of hue, in steps of 1/256 of the colour circle, at the ends of which it stops (published)."""

    @model_validator(mode="after")
    def _range_in_order(self) -> "PromptAugmentationSettings":
        low, high = self.longer_side
        if low > high:
            raise ValueError(f"`longer_side` must be [smallest, largest], found [{low}, {high}]")
        return self


class PromptsSettings(PromptTextSettings, PromptAugmentationSettings, LoopSettings):
    """Learnt words of prompts for a frozen CLIP. Every default is that of the first prompts on VOC.

    Without the input `seeds`, the words learn from tags (contrastive loss); with it, from what the seeds say about the
    CAMs (CAM activation loss).
    """

    context_words: Annotated[int, Field(ge=1, le=70)] = 16
    """Number of learnt words."""
    per_class: bool = False
    """Words of its own for each class and background (second prompts on VOC), or the same for all."""
    weights: WeightsPath | None = None
    """File with the words to start from (`prompt_learner.ctx`, or a single tensor), or the folder of a trained stage;
    null: random. The second prompts on VOC started from a published random draw."""
    start_std: Annotated[float, Field(gt=0)] = 0.015
    """Standard deviation of a random start."""
    start_text: str | None = "真"
    """Text from which the random start is drawn, the published one; null: from the experiment's seed."""
    tags_from: Literal["image", "seeds"] = "image"
    """Where a crop's tags come from when the words learn from seeds: from the image (COCO), or from what of the seeds
    is in the crop (VOC)."""
    contrastive_factor: Annotated[float, Field(gt=0)] = 1.0
    """Factor on the logits in the contrastive loss."""
    contrastive_mean: Literal["tags", "images"] = "tags"
    """The contrastive loss is the mean over all tags of the batch, or over the images' means."""
    cam_distance: Literal["absolute", "squared"] = "absolute"
    """How distances count in the CAM activation loss; squared: half the square."""
    cam_mean: Literal["pixels", "sides", "tags"] = "pixels"
    """The CAM activation loss is the mean over the pixels of both sides together, foreground and background; half the
    mean of each; or half the mean of each side of a tag, then over tags."""

    steps: int | None = Field(1800, ge=1)
    """Optimiser steps. Give this or `epochs`."""
    learning_rate: float = Field(1e-3, gt=0)
    """Largest rate."""
    schedule: Literal["poly", "constant", "cosine"] = "cosine"
    """Learning rate over the steps: lr0 (1 - t/T)^power, lr0, or half a cosine from lr0 to 0 after the warm-up."""
    warmup_steps: int = Field(500, ge=0)
    """First steps with another rate."""
    warmup_rate: float | None = Field(1e-5, gt=0)
    """Rate during the warm-up; null: it grows linearly from 0."""
    validate_every_epochs: int = Field(0, ge=0)
    """Epochs between two validations, which tell the tags of whole images; 0 = none. They choose nothing: the CAMs
    of the stage that follows are what is judged."""
    validation_split: str | None = "val"
    """Split for it; null, or a split that is not there: none."""

    @model_validator(mode="after")
    def _whole_patches(self) -> "PromptsSettings":
        if self.crop % 16:
            raise ValueError(f"`crop` must be a multiple of CLIP's patch, 16 pixels, found {self.crop}")
        return self


class PublishedPromptsSettings(PromptTextSettings):
    """Learnt words from a file, used as they are. The class names are those of the data, in their order."""

    weights: WeightsPath
    """File with the words (`prompt_learner.ctx`), or the folder of a trained stage."""
    architecture: Literal["prompts"] = "prompts"
    """Whose words they are."""
