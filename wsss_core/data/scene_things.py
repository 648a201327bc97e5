"""Drawn things: bottle, chair; and the table of all classes that scenes can hold."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wsss_core.data.scene_animals import bird, deer, person, sheep
from wsss_core.data.scene_geometry import Shape, ellipse, limb, rectangle, rounded
from wsss_core.data.scene_vehicles import balloon, boat, car, train


def bottle(rng: np.random.Generator) -> list[Shape]:
    """A bottle: shoulders, neck, cap, a label with print and a bright reflection."""
    width, shoulder = rng.uniform(0.17, 0.22), rng.uniform(0.50, 0.62)
    glass = (
        (-width, 0.0), (width, 0.0), (width, shoulder), (0.065, shoulder + 0.18), (0.06, 0.92),
        (-0.06, 0.92), (-0.065, shoulder + 0.18), (-width, shoulder),
    )  # fmt: skip
    return [
        Shape(rounded(glass, 1), "main", "glass"),
        Shape(rectangle(-width + 0.005, 0.14, width - 0.005, shoulder - 0.10), "light", "print"),
        Shape(rectangle(-0.075, 0.88, 0.075, 1.0), "second", "bars"),
        Shape(limb((-width * 0.62, 0.06), (-width * 0.62, shoulder), 0.035, 0.03), "shine"),
    ]


def chair(rng: np.random.Generator) -> list[Shape]:
    """A wooden chair, thin parts only: four legs, a seat, a back with slats."""
    depth, top = rng.uniform(0.10, 0.20), rng.uniform(0.92, 1.05)
    back_left, back_right = -0.26 + depth, 0.26 + depth
    shapes = [
        Shape(limb((back_left, 0.45), (back_left, 0.08), 0.06, 0.05), "main_dark", "grain"),
        Shape(limb((back_right, 0.45), (back_right, 0.08), 0.06, 0.05), "main_dark", "grain"),
        Shape(limb((back_left, 0.45), (back_left - 0.02, top), 0.06, 0.06), "main", "grain"),
        Shape(limb((back_right, 0.45), (back_right - 0.02, top), 0.06, 0.06), "main", "grain"),
    ]
    for y in (0.60, 0.74, top - 0.06):
        shapes.append(Shape(rectangle(back_left - 0.03, y, back_right, y + 0.07), "main", "grain"))
    seat = ((-0.32, 0.38), (0.28, 0.38), (back_right + 0.03, 0.50), (back_left - 0.03, 0.50))
    shapes.append(Shape(seat, "second", "checks"))
    shapes += [Shape(limb((x, 0.40), (x, 0.0), 0.065, 0.055), "main", "grain") for x in (-0.28, 0.24)]
    return shapes


def stone(rng: np.random.Generator) -> list[Shape]:
    """Background clutter: an irregular rock."""
    corners = ellipse((0.0, 0.22), 0.5, 0.28)[:: int(rng.integers(2, 4))]
    rough = tuple((x * rng.uniform(0.7, 1.15), max(0.0, y * rng.uniform(0.7, 1.2))) for x, y in corners)
    return [Shape(rounded(rough, 1), "main", "rough")]


def bush(rng: np.random.Generator) -> list[Shape]:
    """Background clutter: a heap of leaves."""
    shapes = []
    for _ in range(int(rng.integers(3, 6))):
        centre = (rng.uniform(-0.35, 0.35), rng.uniform(0.15, 0.5))
        shapes.append(Shape(ellipse(centre, rng.uniform(0.2, 0.34), rng.uniform(0.15, 0.28)), "main", "leaves"))
    return shapes


def trunk(rng: np.random.Generator) -> list[Shape]:
    """Background clutter: a bare tree with a few branches."""
    shapes = [Shape(limb((0.0, 0.0), (rng.uniform(-0.1, 0.1), 1.5), 0.16, 0.08), "main", "grain")]
    for side in (-1, 1, 1):
        y = rng.uniform(0.5, 1.2)
        shapes.append(Shape(limb((0.0, y), (side * rng.uniform(0.2, 0.5), y + 0.35), 0.07, 0.03), "main", "grain"))
    return shapes


def crate(rng: np.random.Generator) -> list[Shape]:
    """Background clutter: a box of planks, with a lid now and then."""
    width, height = rng.uniform(0.3, 0.6), rng.uniform(0.4, 0.7)
    shapes = [Shape(rectangle(-width, 0.0, width, height), "main", "planks")]
    if rng.random() < 0.5:
        shapes.append(Shape(rectangle(-width - 0.04, height, width + 0.04, height + 0.09), "second"))
    return shapes


@dataclass(frozen=True)
class Kind:
    """How a kind of object appears.

    height: of one unit, as a fraction of the picture; width and top: of the drawing, in units; aloft: in the air.
    """

    draw: Callable[[np.random.Generator], list[Shape]]
    height: tuple[float, float]
    width: float
    aloft: bool = False
    top: float = 1.08


KINDS: dict[str, Kind] = {
    "deer": Kind(deer, (0.40, 0.60), 1.2, top=1.4),
    "sheep": Kind(sheep, (0.42, 0.66), 1.2),
    "train": Kind(train, (0.26, 0.42), 2.6),
    "car": Kind(car, (0.24, 0.42), 2.0),
    "boat": Kind(boat, (0.42, 0.72), 1.2),
    "balloon": Kind(balloon, (0.42, 0.72), 0.75, aloft=True),
    "bottle": Kind(bottle, (0.50, 0.82), 0.45),
    "person": Kind(person, (0.58, 0.86), 0.5, top=1.12),
    "bird": Kind(bird, (0.26, 0.46), 1.6),
    "chair": Kind(chair, (0.38, 0.66), 0.7),
}
CLUTTER: dict[str, Kind] = {
    "stone": Kind(stone, (0.15, 0.40), 1.8),
    "bush": Kind(bush, (0.20, 0.50), 1.7),
    "trunk": Kind(trunk, (0.30, 0.60), 0.6),
    "crate": Kind(crate, (0.20, 0.40), 1.4),
}
