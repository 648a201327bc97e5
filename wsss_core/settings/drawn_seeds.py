"""Settings of seeds from what people draw: boxes, scribbles, points."""

from typing import Annotated, Literal

from pydantic import Field

from wsss_core.settings.base import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class FromBoxesSettings(Settings):
    """Seeds from boxes: background outside of all boxes, the box's class where the evidence inside is strong enough,
    unlabelled elsewhere."""

    threshold: Share = 0.5
    """With the input `cams`: scores of a class, stretched to 0..1 inside of each of its boxes, from this on are the
    object (SPML)."""
    inner_share: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Without it: the middle part of a box, this share of its sides, is the object. Our own constant."""


class FromScribblesSettings(Settings):
    """Seeds from scribbles: labels on the strokes, unlabelled elsewhere."""

    source: Literal["files", "truth"] = "files"
    """files: what the data brings (PNG or ScribbleSup's XML). truth: a stroke along the middle of every piece of the
    ground truth, for experiments."""
    width_px: Annotated[int, Field(ge=1)] = 3
    """Width of a stroke, pixels (SPML: 3). PNGs are widened to it when it is above 1: draw yours 1 pixel wide, or set
    1."""
    off_255: Literal["unlabelled", "ignore"] = "unlabelled"
    """What 255 means in scribble PNGs. The public converter writes it off the strokes; the files of SPML's authors use
    it for pixels to be left out, and another number off the strokes."""
    length: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of a stroke's length that is kept, for experiments with shorter scribbles; of drawn ones only."""
    min_piece_px: Annotated[int, Field(ge=0)] = 0
    """Pieces of the ground truth below this get no stroke, except the largest of each class; of drawn ones only. Masks
    of photographs have many pieces of a few pixels at the borders of objects."""


class FromPointsSettings(Settings):
    """Seeds from points: a square around every click, unlabelled elsewhere."""

    source: Literal["data", "truth"] = "data"
    """data: what the data brings. truth: a click in the middle of every piece of the ground truth, for experiments."""
    width_px: Annotated[int, Field(ge=1)] = 6
    """Side of the square around a click, pixels (SPML: dilation 6)."""
    min_piece_px: Annotated[int, Field(ge=0)] = 0
    """Pieces of the ground truth below this get no click, except the largest of each class; of drawn points only. Masks
    of photographs have many pieces of a few pixels at the borders of objects, which nobody would click on."""
