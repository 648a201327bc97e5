"""Settings of every method that walks within the boundaries found by IRNet."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.crf import Positive


class WalkWithinBoundaries(Settings):
    """The network's input, and the random walk that stops at boundaries (IRN, Ahn et al., CVPR 2019)."""

    beta: Positive = 10.0
    """Affinities are raised to this power before normalisation."""
    radius: Annotated[int, Field(ge=2, le=32)] = 5
    """Cells of 4 pixels closer than this to each other are linked (34 pairs of offsets for 5)."""
    log2_steps: Annotated[int, Field(ge=0, le=16)] = 8
    """The walk has 2 to this power steps (8: 256 steps)."""
    canvas: Annotated[int, Field(ge=16, multiple_of=16)] = 512
    """Smallest side, in pixels, to which the network's input is filled up with the mean colour. The published 512 is a
    part of its results; a smaller canvas makes small images cheaper."""
    max_pixels: MaxPixels = 4_000_000
    """An image with more pixels is walked at this size, so that memory stays bounded."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
