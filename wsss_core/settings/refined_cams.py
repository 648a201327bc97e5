"""Settings of the `refined_cams` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.boundary_walk import WalkWithinBoundaries
from wsss_core.settings.clip_images import ClipImageSettings
from wsss_core.settings.crf import Positive
from wsss_core.settings.pixel_adaptive import PixelAdaptiveSettings


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


class ClassAwareAttentionSettings(ClipImageSettings):
    """CAMs spread along CLIP's attention, from inside boxes around their strong parts (CAA of CLIP-ES, Lin et al., CVPR
    2023). Defaults: the coarse step of FMA-WSSS (WACV 2024) for VOC.

    As published otherwise: fine step for VOC `box_threshold: 0.5, values: cam`; coarse step for COCO
    `box_threshold: 0.6, values: cam`, no fine one; CLIP-ES `sinkhorn_rounds: 3, power: 1, values: cam`.

    The attention comes with the CAMs. Where these were stored without, name the input `classifier` (their prompts):
    CLIP then looks at the images again, with the settings that `gradcam` has, too, and which otherwise have no effect.
    """

    box_threshold: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Boxes are drawn around what is above this share of the largest score."""
    sinkhorn_rounds: Annotated[int, Field(ge=0)] = 1
    """How often the columns and rows of the attention are brought to a sum of 1 before it is made symmetric."""
    power: Annotated[int, Field(ge=0)] = 2
    """How often the affinity is applied."""
    values: Literal["score", "cam"] = "score"
    """What is spread: scores from 0 to 1, or the CAM itself, negative values included."""
    dtype: Literal["float16", "float32"] = "float32"
    """Number format in which the grid maps are stored."""


class PamrSettings(PixelAdaptiveSettings):
    """Pixel-adaptive refinement of the CAM scores by the colours of the photograph; there is nothing to learn."""

    stride: Annotated[int, Field(ge=1, le=64)] = 4
    """Photograph and scores are refined at one cell per so many pixels; the dilations count cells. 4 is the grid of the
    published training; 1 costs sixteen times as much."""
    dtype: Literal["float16", "float32"] = "float16"
    """Number format in which the grid maps are stored."""
