"""Settings of the `instances` methods."""

from typing import Annotated

from pydantic import Field

from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.settings.crf import Positive

Share = Annotated[float, Field(ge=0, le=1)]


class BoundaryInstancesSettings(WalkWithinBoundaries):
    """CAMs are cut into instances by IRNet's displacements, and each part walks up to the boundaries (IRN)."""

    threshold: Share = 0.25
    """A pixel is background unless some score is above this share of the image's largest score."""
    centroid_steps: Annotated[int, Field(ge=0)] = 300
    """How often a cell follows the displacements on its way to the centroid of its instance."""
    centroid_length: Positive = 2.5
    """Displacements shorter than this, in cells, mark the area around a centroid."""
    minimum_area: Share = 0.01
    """Connected pieces below this share of the image get score 0."""
