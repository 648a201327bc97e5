"""Settings of the `instances` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import Settings
from wsss_core.settings.crf import Positive

Share = Annotated[float, Field(ge=0, le=1)]


class BoundaryInstancesSettings(Settings):
    """CAMs are cut into instances by IRNet's displacements, and each part walks up to the boundaries (IRN)."""

    beta: Positive = 10.0
    """Affinities are raised to this power before normalisation."""
    log2_steps: Annotated[int, Field(ge=0, le=16)] = 8
    """The walk has 2 to this power steps (8: 256 steps)."""
    threshold: Share = 0.25
    """A pixel is background unless some score is above this share of the image's largest score."""
    centroid_steps: Annotated[int, Field(ge=0)] = 300
    """How often a cell follows the displacements on its way to the centroid of its instance."""
    centroid_length: Positive = 2.5
    """Displacements shorter than this, in cells, mark the area around a centroid."""
    minimum_area: Share = 0.01
    """Connected pieces below this share of the image get score 0."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
