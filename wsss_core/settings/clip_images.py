"""Settings of everything that shows images to a frozen CLIP."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.paths import WeightsPath


class ClipImageSettings(Settings):
    """Which CLIP, at what size, and of which blocks the attention is taken."""

    clip_weights: WeightsPath | None = None
    """The CLIP that the prompts were learnt with, where it is no longer where it was then."""
    attention_blocks: Annotated[int, Field(ge=1)] = 8
    """Of how many blocks, counted from the last, the mean attention is taken."""
    max_pixels: MaxPixels = 500_000
    """An image with more pixels is made this small before the network sees it: memory grows with the square. Above what
    VOC and COCO need: 640x640 pixels are 410,000."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
