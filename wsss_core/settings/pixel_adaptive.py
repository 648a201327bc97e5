"""Settings of the pixel-adaptive mask refinement, shared by the refined CAMs and the one-stage trainings."""

from typing import Annotated

from pydantic import Field

from wsss_core.settings.base import Settings

Dilation = Annotated[int, Field(ge=1, le=256)]


class PixelAdaptiveSettings(Settings):
    """Pixel-adaptive mask refinement (PAMR; Araslanov & Roth, CVPR 2020); defaults as published for VOC."""

    iterations: Annotated[int, Field(ge=0, le=1000)] = 10
    """How often every pixel takes over the mean of its neighbours (COCO: 5)."""
    dilations: Annotated[tuple[Dilation, ...], Field(min_length=1)] = (1, 2, 4, 8, 12, 24)
    """Distances of the eight neighbours around a pixel."""
