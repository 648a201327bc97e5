"""Settings of the `cams` methods."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import MaxPixels, Settings
from wsss_core.settings.clip_images import ClipImageSettings

Canvas = Literal["image", "cells"]


class MultiscaleCamsSettings(Settings):
    """Class activation maps over several scales, each with its mirror (PSA, infer_cls; IRN, make_cam)."""

    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=8)], ...], Field(min_length=1)] = (1.0, 0.5, 1.5, 2.0)
    """Factors by which the image is resized (Pillow bicubic) before the network."""
    mirror: bool = True
    """Run the left-right mirror of every scale, too."""
    canvas: Canvas | None = None
    """What the maps are enlarged to: the image (PSA), or the network's whole cells, the last of which may reach beyond
    the image and are cut (IRN: multiples of 16 pixels); null: as published for the classifier."""
    max_pixels: MaxPixels = 4_000_000
    """A copy of the image with more pixels is made this small before the network sees it, so that memory stays bounded.
    Far above what VOC and COCO need: 640x640 pixels at scale 2 have 1.6 million."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network; bfloat16 is several times as fast where the processor has instructions for it."""
    dtype: Literal["float16", "float32"] = "float16"
    """Number format in which the grid maps are stored."""


class GradcamSettings(ClipImageSettings):
    """Softmax Grad-CAM of CLIP with learnt prompts (CLIP-ES, Lin et al., CVPR 2023; FMA-WSSS, WACV 2024): one scale,
    each side of the image enlarged to whole patches. The maps are raw and may be negative."""

    attention: bool = True
    """Store the attention between patches, for `class_aware_attention`: 1.2 MB for an image of 375x500 pixels. false:
    the input `classifier` of `class_aware_attention` makes it anew."""
    dtype: Literal["float16", "float32"] = "float32"
    """Number format in which the grid maps are stored; attention is always float16, as published."""
