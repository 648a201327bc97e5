"""Settings of the `affinity_labels` methods."""

from pydantic import model_validator

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import CrfSettings, Positive


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
