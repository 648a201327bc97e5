"""Drawn vehicles: train, car, boat, balloon."""

import math

import numpy as np

from wsss_core.data.scene_geometry import Shape, ellipse, limb, rectangle, rounded


def _wheel(x: float, radius: float) -> list[Shape]:
    return [
        Shape(ellipse((x, radius), radius, radius), "dark"),
        Shape(ellipse((x, radius), radius * 0.55, radius * 0.55), "light"),
    ]


def train(rng: np.random.Generator) -> list[Shape]:
    """A railcar with a slanted nose, a row of windows, a stripe and small wheels, with or without a second car."""
    length = rng.uniform(1.1, 1.5)
    shapes: list[Shape] = []
    if rng.random() < 0.6:
        shapes += _carriage(-2 * length - 0.06, -length - 0.02, 0.0)
        shapes.append(Shape(rectangle(-length - 0.06, 0.2, -length + 0.04, 0.75), "dark"))
    shapes += _carriage(-length, length, rng.uniform(0.18, 0.42))
    return shapes


def _carriage(left: float, right: float, nose: float) -> list[Shape]:
    shapes = []
    for x in np.linspace(left + 0.2, right - 0.25, 5).tolist():
        shapes.append(Shape(ellipse((x, 0.09), 0.09, 0.09), "dark"))
    shapes.append(Shape(rectangle(left + 0.05, 0.08, right - 0.06, 0.18), "dark"))
    body = ((left, 0.15), (right, 0.15), (right, 0.42), (right - nose, 0.95), (left, 0.95))
    shapes.append(Shape(body, "main"))
    shapes.append(Shape(((left, 0.24), (right, 0.24), (right, 0.36), (left, 0.36)), "second"))
    shapes.append(Shape(((left, 0.90), (right - nose, 0.90), (right - nose - 0.04, 1.0), (left + 0.04, 1.0)), "dark"))
    pane, step = 0.19, 0.27
    count = int((right - nose - left - 0.12) / step)
    for index in range(count):
        x = left + 0.10 + index * step
        shapes.append(Shape(rectangle(x, 0.50, x + pane, 0.80), "glass", "glass"))
    if nose > 0:
        window = (
            (right - nose + 0.02, 0.50),
            (right - 0.10, 0.50),
            (right - nose * 0.85, 0.82),
            (right - nose + 0.02, 0.82),
        )
        shapes.append(Shape(window, "glass", "glass"))
        shapes.append(Shape(ellipse((right - 0.06, 0.30), 0.04, 0.05), "light"))
    return shapes


def car(rng: np.random.Generator) -> list[Shape]:
    """A car from the side: rounded body, cabin with two panes, two large wheels, lamps."""
    roof, back = rng.uniform(0.80, 1.0), rng.uniform(-0.78, -0.50)
    cabin = ((back - 0.12, 0.50), (0.52, 0.50), (0.26, roof), (back + 0.10, roof))
    pane = ((back + 0.02, 0.54), (0.40, 0.54), (0.22, roof - 0.08), (back + 0.14, roof - 0.08))
    body = ((-0.96, 0.20), (0.98, 0.20), (1.0, 0.42), (0.55, 0.58), (back - 0.1, 0.60), (-0.98, 0.52))
    shapes = [
        Shape(rounded(cabin, 1), "main"),
        Shape(pane, "glass", "glass"),
        Shape(rectangle(-0.14, 0.50, -0.07, roof - 0.04), "main"),
        Shape(rounded(body, 1), "main"),
        Shape(rectangle(-0.92, 0.24, 0.92, 0.31), "main_dark"),
        Shape(rectangle(-0.22, 0.44, -0.10, 0.47), "dark"),
        Shape(ellipse((0.91, 0.42), 0.06, 0.05), "light"),
        Shape(ellipse((-0.91, 0.45), 0.04, 0.05), "lamp"),
    ]
    for x in (-0.55, 0.56):
        shapes.append(Shape(ellipse((x, 0.23), 0.25, 0.25), "dark"))
        shapes += _wheel(x, 0.19)
    return shapes


def boat(rng: np.random.Generator) -> list[Shape]:
    """A sailing boat: planked hull, mast, a large and a small sail with seams."""
    belly, mast = rng.uniform(0.40, 0.55), rng.uniform(-0.08, 0.10)
    hull = ((-0.62, 0.26), (0.68, 0.30), (belly, 0.0), (-belly + 0.02, 0.0))
    return [
        Shape(limb((mast, 0.24), (mast, 1.06), 0.045, 0.03), "dark"),
        Shape(((mast + 0.04, 0.34), (mast + rng.uniform(0.42, 0.55), 0.36), (mast + 0.04, 1.0)), "light", "seams"),
        Shape(((mast - 0.04, 0.34), (mast - rng.uniform(0.32, 0.48), 0.36), (mast - 0.04, 0.90)), "light", "seams"),
        Shape(hull, "main", "planks"),
        Shape(((-0.62, 0.26), (0.68, 0.30), (0.66, 0.36), (-0.62, 0.32)), "second"),
    ]


def balloon(rng: np.random.Generator) -> list[Shape]:
    """A hot-air balloon: striped envelope in gores, ropes and a wicker basket."""
    count, radius, phase = int(rng.integers(3, 6)), rng.uniform(0.33, 0.38), rng.uniform(0.0, 1.0)
    centre_y = 1.02 - radius
    envelope = (*ellipse((0.0, centre_y), radius, radius)[:13], (-0.09, 0.22), (0.09, 0.22))
    shapes = [Shape(limb((side * 0.085, 0.24), (side * 0.07, 0.10), 0.02, 0.02), "dark") for side in (-1, 1)]
    shapes.append(Shape(envelope, "main"))
    for index in range(count):
        low = math.cos(math.pi * (index + phase * 0.5) / count)
        high = math.cos(math.pi * (index + phase * 0.5 + 0.5) / count)
        shapes.append(Shape(_gore(low, high, radius, centre_y), "second"))
    shapes.append(Shape(rectangle(-0.09, 0.0, 0.09, 0.13), "wood", "checks"))
    return shapes


def _gore(low: float, high: float, radius: float, centre_y: float) -> tuple[tuple[float, float], ...]:
    """Strip of the envelope between two meridians, given by their x over the radius at the equator."""
    heights = [math.pi * (step / 8 - 0.25) for step in range(7)]
    right = [(low * radius * math.cos(angle), centre_y + radius * math.sin(angle)) for angle in heights]
    left = [(high * radius * math.cos(angle), centre_y + radius * math.sin(angle)) for angle in heights]
    neck = 0.09 / radius
    return ((low * neck * radius, 0.23), *right, *reversed(left), (high * neck * radius, 0.23))
