"""One image as a labelling tool describes it: tags, boxes, outlines and painted masks, by class name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BoxCorners = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels, counted from the image's outer corner; the ends are exclusive."""


@dataclass(frozen=True)
class Shape:
    """One object of class `name`: any of a box, outlines and a mask.

    `polygons`: float (P, 2) of x, y in pixels; (0, 0) is the outer corner of the first pixel. `mask`: gives the bool
    mask (H, W), decoded when it is asked for. Of `polygons` and `mask` one is empty.
    """

    name: str
    box: BoxCorners | None = None
    polygons: tuple[np.ndarray, ...] = ()
    mask: Callable[[], np.ndarray] | None = None

    @property
    def has_area(self) -> bool:
        """Whether it says which pixels are the object's."""
        return bool(self.polygons) or self.mask is not None


@dataclass(frozen=True)
class AnnotatedImage:
    """`files`: what the image file may be called, likeliest first. `image_id`: ours, where the file came from `wsss
    export`. `shapes`: in the order in which they are painted, the topmost last. `where`: place for error messages.
    """

    files: tuple[str, ...]
    where: str
    tags: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = ()
    image_id: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Class names of tags and shapes, each once."""
        return tuple(dict.fromkeys((*self.tags, *(shape.name for shape in self.shapes))))
