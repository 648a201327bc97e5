"""Settings of the `seeds` methods."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive
from wsss_core.settings.paths import InputPath

Probability = Annotated[float, Field(ge=0, le=1)]


class BackgroundRule(Settings):
    """How the background competes with the classes when the CAMs have no background channel of their own."""

    threshold: Probability | None = None
    """Constant background score: a pixel is background unless some CAM is above it. Excludes `alpha`."""
    alpha: Positive | None = None
    """Background score (1 - largest CAM)^alpha. Excludes `threshold`."""

    @model_validator(mode="after")
    def _one_rule(self) -> "BackgroundRule":
        if self.threshold is not None and self.alpha is not None:
            raise ValueError(f"give `threshold` ({self.threshold}) or `alpha` ({self.alpha}), not both")
        return self


class ArgmaxSettings(BackgroundRule):
    """Each pixel takes the class with the highest score. With neither rule given: threshold 0.2, as in PSA."""

    ignore_below: Probability | None = None
    """Lower end of a band of background scores: pixels that are background at `threshold` but not at `ignore_below`
    become 255. Needs `threshold`."""
    ignore_weak: Probability | None = None
    """Pixels whose highest score, that of the background included, is below this become 255."""
    scores: Literal["raw", "unit"] = "raw"
    """raw: CAMs as they are, which should lie in 0..1. unit: negative values are set to 0 and each class is stretched
    to 0..1 over the image first, as the CAMs of CLIP need it (FMA-WSSS)."""
    unlabelled_below: Probability | None = None
    """Pixels whose best score, the background's too, is below this become 254, unlabelled (SPML: 0.2 with alpha 6)."""
    confidence: bool = False
    """Store the winning margin as a confidence map."""


class CrfSeedsSettings(BackgroundRule):
    """Dense CRF over the scores, then argmax. With neither rule given: alpha 4."""

    crf: CrfSettings = CrfSettings()
    """The dense CRF."""
    confidence: bool = False
    """Store the winning probability as a confidence map."""


class RegionVoteSettings(BackgroundRule):
    """Scores are averaged over each region and every region takes one label. With neither rule given: threshold 0.2."""

    minimum_area: Annotated[int, Field(ge=1)] = 1
    """Regions with fewer pixels do not vote; their pixels follow the larger regions or the per-pixel rule."""
    confidence: bool = False
    """Store the winning margin as a confidence map."""


class SamsSettings(Settings):
    """Every mask of Segment Anything takes the class of its mean CAM (SAMS of FMA-WSSS, WACV 2024). Published `alpha`:
    VOC coarse 0.6 and fine 0.7; COCO coarse the best of 0.3, 0.4 and 0.5 by ground truth, fine 1."""

    alpha: Positive = 0.6
    """Background score (1 - largest score of the mask)^alpha; higher values make the background weaker."""
    clip: Literal["pixels", "means"] = "pixels"
    """Where negative CAMs are set to 0: in each pixel before the mean over a mask is taken, as published, or in the
    means."""
    scores: Literal["raw", "unit"] = "raw"
    """unit: each class is stretched to 0..1 over the pixels first, and over the masks again."""
    on_top: Literal["whole", "small"] = "whole"
    """Which masks cover others: wholes over parts over subparts, then the surer ones, as published; or smaller ones."""
    without_masks: Literal["background", "ignore"] = "background"
    """What an image without any mask becomes; published code ends with an error there."""
    confidence: bool = False
    """Store the winning score of the mask on top as a confidence map."""


class CorrectedSettings(Settings):
    """Seeds of which some were corrected by hand."""

    corrections: InputPath
    """Folder of label PNGs `<image id>.png` (0 background, 1..C classes, 255 ignore), or the file of a labelling tool:
    Label Studio JSON, CVAT XML (`CVAT for images 1.1`), COCO JSON. Images without one keep their seed."""
    without_shapes: Literal["keep_seed", "background"] = "keep_seed"
    """What an image means that the tool's file lists without any shape: not corrected, or nothing but background."""
