"""Settings of the `affinity_labels` methods."""

from typing import Annotated

from pydantic import Field, model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive

Score = Annotated[float, Field(ge=0, le=1)]


class CrfPairSettings(Settings):
    """Two CRFs over the CAMs with a low and a high power of the background (PSA, "la" and "ha")."""

    alpha_low: Positive = 4.0
    """Background = (1 - largest CAM)^alpha. Low: strong background, so what stays foreground surely is."""
    alpha_high: Positive = 32.0
    """High: weak background, so what stays background surely is."""
    crf: CrfSettings = CrfSettings()
    """The dense CRF."""

    @model_validator(mode="after")
    def _ordered(self) -> "CrfPairSettings":
        if self.alpha_low >= self.alpha_high:
            raise ValueError(f"alpha_low ({self.alpha_low}) must be below alpha_high ({self.alpha_high})")
        return self


class IrCrfSettings(CrfSettings):
    """Dense CRF whose bilateral kernel is narrower, in place and colour; defaults as published with IRN."""

    bilateral_sxy: Positive = 50.0
    """Spatial deviation of the appearance kernel, pixels."""
    bilateral_srgb: Positive = 5.0
    """Colour deviation of the appearance kernel, grey levels."""


class IrLabelSettings(Settings):
    """One label map per image from two CRFs over thresholded CAMs (IRN, Ahn et al., CVPR 2019); where they disagree the
    pixel is 255. Every default is that of the public code."""

    foreground_threshold: Score = 0.30
    """Background score of the first map. High: what stays foreground surely is."""
    background_threshold: Score = 0.05
    """Background score of the second map. Low: what stays background surely is."""
    truth_probability: Annotated[float, Field(gt=0, lt=1)] = 0.7
    """Probability with which a pixel's thresholded label enters the CRF; the other classes share the rest."""
    crf: IrCrfSettings = IrCrfSettings()
    """The dense CRF."""

    @model_validator(mode="after")
    def _ordered(self) -> "IrLabelSettings":
        if self.background_threshold >= self.foreground_threshold:
            raise ValueError(
                f"background_threshold ({self.background_threshold}) must be below foreground_threshold "
                f"({self.foreground_threshold})"
            )
        return self
