"""Settings of the `seeds` methods."""

from typing import Annotated

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive

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
