"""Outlines of drawn objects: polygons in object coordinates, and their way into the picture.

Object coordinates: x to the right, y up, the object stands on y = 0 around x = 0 and is about 1 high.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Outline = tuple[tuple[float, float], ...]
_ELLIPSE_CORNERS = 24


@dataclass(frozen=True)
class Shape:
    """One painted piece of an object: `outline` in object coordinates, `paint` and `texture` by name."""

    outline: Outline
    paint: str
    texture: str = "plain"


def ellipse(centre: tuple[float, float], radius_x: float, radius_y: float, angle: float = 0.0) -> Outline:
    """Ellipse with its first axis turned by `angle` (radians, counter-clockwise)."""
    points = []
    for step in range(_ELLIPSE_CORNERS):
        turn = 2 * math.pi * step / _ELLIPSE_CORNERS
        x, y = radius_x * math.cos(turn), radius_y * math.sin(turn)
        points.append(
            (
                centre[0] + x * math.cos(angle) - y * math.sin(angle),
                centre[1] + x * math.sin(angle) + y * math.cos(angle),
            )
        )
    return tuple(points)


def rectangle(left: float, bottom: float, right: float, top: float) -> Outline:
    """Axis-parallel rectangle."""
    return ((left, bottom), (right, bottom), (right, top), (left, top))


def limb(start: tuple[float, float], end: tuple[float, float], width_start: float, width_end: float) -> Outline:
    """Tapered bar from `start` to `end` with the given widths at its ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.sqrt(dx * dx + dy * dy) or 1.0
    nx, ny = -dy / length / 2, dx / length / 2
    return (
        (start[0] + nx * width_start, start[1] + ny * width_start),
        (end[0] + nx * width_end, end[1] + ny * width_end),
        (end[0] - nx * width_end, end[1] - ny * width_end),
        (start[0] - nx * width_start, start[1] - ny * width_start),
    )


def rounded(outline: Sequence[tuple[float, float]], rounds: int = 2) -> Outline:
    """Outline with its corners cut `rounds` times (Chaikin, 1974), which makes it a smooth curve."""
    points = tuple(outline)
    for _ in range(rounds):
        cut: list[tuple[float, float]] = []
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
            cut.append((0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by))
            cut.append((0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by))
        points = tuple(cut)
    return points


def mirrored(outline: Outline) -> Outline:
    """Outline seen from the other side (x becomes -x)."""
    return tuple((-x, y) for x, y in outline)


@dataclass(frozen=True)
class Placement:
    """Where an object stands: foot point in pixels (x right, y down), height of one unit in pixels, tilt, facing."""

    x: float
    y: float
    scale_px: float
    stretch: float = 1.0
    tilt: float = 0.0
    facing_left: bool = False

    def to_pixels(self, outline: Outline) -> list[tuple[float, float]]:
        """The outline in picture coordinates (x right, y down, pixels)."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        side = -1.0 if self.facing_left else 1.0
        points = []
        for x, y in outline:
            px, py = side * x * self.stretch * self.scale_px, y * self.scale_px
            points.append((self.x + px * cos - py * sin, self.y - px * sin - py * cos))
        return points
