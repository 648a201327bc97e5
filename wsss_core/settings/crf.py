"""Settings of the dense CRF, shared by every stage that runs one."""

from typing import Annotated

from pydantic import Field

from wsss_core.settings.base import Settings

Positive = Annotated[float, Field(gt=0)]


class CrfSettings(Settings):
    """Dense CRF (Krähenbühl & Koltun 2011) with a Gaussian and a bilateral kernel; defaults as published with PSA."""

    iterations: Annotated[int, Field(ge=0, le=1000)] = 10
    """Mean-field iterations."""
    gaussian_sxy: Positive = 3.0
    """Spatial deviation of the smoothness kernel, pixels."""
    gaussian_compat: float = 3.0
    """Weight of the smoothness kernel."""
    bilateral_sxy: Positive = 80.0
    """Spatial deviation of the appearance kernel, pixels."""
    bilateral_srgb: Positive = 13.0
    """Colour deviation of the appearance kernel, grey levels."""
    bilateral_compat: float = 10.0
    """Weight of the appearance kernel."""
    scale_factor: Positive = 1.0
    """Divides both spatial deviations; for images that are smaller than those the constants were found on."""
