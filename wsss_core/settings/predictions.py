"""Settings of the `predictions` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.cams import Canvas
from wsss_core.settings.crf import CrfSettings

Scale = Annotated[float, Field(gt=0, le=8)]


class MultiscalePredictionsSettings(Settings):
    """Label maps of a segmentation network, averaged over scales and mirror images."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1)] = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
    """Factors by which the image is resized (Pillow bicubic) before the network; the default is that of the rebuilt
    segmentation networks of PSA."""
    mirror: bool = True
    """Run the left-right mirror of every scale, too."""
    average: Literal["softmax", "logits"] = "softmax"
    """What is averaged over scales and mirrors: probabilities, or scores before the softmax."""
    canvas: Canvas | None = None
    """What the grid of scores spans: whole cells of the network, or the image; null: as in the network's training, for
    networks from files as published (deeplab_v2: the image)."""
    max_pixels: MaxPixels = 4_000_000
    """A resized copy with more pixels is made this small before the network sees it, so that memory stays bounded."""
    crf: CrfSettings | None = None
    """Dense CRF on the probabilities; null = none."""
    crf_image: Literal["photograph", "wrapped"] = "photograph"
    """What the CRF looks at. wrapped: the photograph less the mean colour of Caffe's networks, as bytes that wrap below
    0, which the public port of DeepLab v2 hands over by mistake; only to reproduce its figures."""
    crf_smallest_peak: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Classes whose probability stays below this everywhere do not enter the CRF, whose time grows with them."""
    restrict_to_tags: bool = False
    """Allow only the image's tags and the background. The tags are then an INPUT of the predictions: such figures must
    not be compared with published validation results, which use no tags."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
    confidence: bool = False
    """Store the probability of the chosen label, too."""
