"""Settings of the `refined_cams` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.settings.crf import Positive


class RandomWalkSettings(Settings):
    """Random walk of the CAM scores over the affinities of AffinityNet (PSA, infer_aff)."""

    beta: Positive = 8.0
    """Affinities are raised to this power before normalisation."""
    log2_steps: Annotated[int, Field(ge=0, le=16)] = 8
    """The walk has 2 to this power steps (8: 256 steps)."""
    alpha: Positive = 16.0
    """Background score = (1 - largest CAM)^alpha."""
    max_pixels: MaxPixels = 4_000_000
    """An image with more pixels is walked at this size, so that memory stays bounded."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
    dtype: Literal["float16", "float32"] = "float16"
    """Number format in which the grid maps are stored."""


class BoundaryWalkSettings(WalkWithinBoundaries):
    """Random walk of the CAM scores that stops at the boundaries found by IRNet (IRN, make_sem_seg_labels).

    Scores are shares of the largest one in the image. For the published labels follow it with seeds `argmax` and
    `threshold: 0.25`.
    """

    dtype: Literal["float16", "float32"] = "float16"
    """Number format in which the grid maps are stored."""
