"""Drawn living things: deer, sheep, bird, person.

Deer and sheep are a planted trap: one plain body serves both, only the small head tells them apart, so that a class
activation map needs no more than the head.
"""

import numpy as np

from wsss_core.data.scene_geometry import Shape, ellipse, limb, rectangle, rounded


def _quadruped_body(rng: np.random.Generator) -> list[Shape]:
    """Body, legs and tail shared by deer and sheep: drawn from one distribution whatever the head."""
    length, girth = rng.uniform(0.40, 0.48), rng.uniform(0.19, 0.23)
    swing = rng.uniform(-0.09, 0.09, 4)
    shapes = []
    for index, x in enumerate((-0.30, 0.27, -0.24, 0.33)):
        paint = "main_dark" if index < 2 else "main"
        knee = (x + swing[index] * 0.6, 0.25)
        shapes.append(Shape(limb((x, 0.52), knee, 0.13, 0.08), paint))
        shapes.append(Shape(limb(knee, (x + swing[index], 0.0), 0.08, 0.055), paint))
    shapes.append(Shape(limb((-length + 0.04, 0.60), (-length - 0.10, rng.uniform(0.42, 0.66)), 0.09, 0.05), "main"))
    shapes.append(Shape(ellipse((0.0, 0.54), length, girth, rng.uniform(-0.05, 0.05)), "main", "fur"))
    shapes.append(Shape(ellipse((length - 0.13, 0.58), 0.17, 0.19), "main", "fur"))
    return shapes


def deer(rng: np.random.Generator) -> list[Shape]:
    """The shared body with a raised narrow head and branching antlers."""
    shapes = _quadruped_body(rng)
    hx, hy = rng.uniform(0.50, 0.58), rng.uniform(0.90, 0.98)
    shapes.append(Shape(limb((0.33, 0.60), (hx - 0.03, hy), 0.19, 0.11), "main", "fur"))
    for lean in (-0.13, 0.10):
        middle, tip = (hx - 0.05 + lean * 0.9, hy + 0.20), (hx - 0.04 + lean * 1.1, hy + 0.42)
        shapes.append(Shape(limb((hx - 0.02, hy + 0.04), middle, 0.08, 0.07), "dark"))
        shapes.append(Shape(limb(middle, tip, 0.07, 0.045), "dark"))
        shapes.append(Shape(limb(middle, (middle[0] + 0.19, middle[1] + 0.11), 0.07, 0.045), "dark"))
        shapes.append(Shape(limb(middle, (middle[0] - 0.18, middle[1] + 0.10), 0.07, 0.045), "dark"))
    shapes.append(Shape(rounded(limb((hx - 0.08, hy + 0.05), (hx + 0.22, hy - 0.07), 0.20, 0.08)), "main"))
    shapes.append(Shape(ellipse((hx + 0.17, hy - 0.05), 0.07, 0.055), "light"))
    shapes.append(Shape(ellipse((hx + 0.22, hy - 0.05), 0.035, 0.035), "dark"))
    shapes.append(Shape(ellipse((hx + 0.04, hy + 0.02), 0.025, 0.025), "dark"))
    return shapes


def sheep(rng: np.random.Generator) -> list[Shape]:
    """The shared body with a low, round, dark face and white cheeks and ears."""
    shapes = _quadruped_body(rng)
    hx, hy = rng.uniform(0.54, 0.60), rng.uniform(0.66, 0.74)
    shapes.append(Shape(limb((0.33, 0.60), (hx - 0.05, hy), 0.26, 0.20), "main", "fur"))
    shapes.append(Shape(ellipse((hx - 0.10, hy + 0.10), 0.13, 0.06, 0.7), "dark"))
    shapes.append(Shape(ellipse((hx + 0.15, hy + 0.12), 0.13, 0.06, -0.7), "dark"))
    shapes.append(Shape(ellipse((hx + 0.03, hy - 0.02), 0.145, 0.18), "dark"))
    shapes.append(Shape(ellipse((hx + 0.01, hy + 0.15), 0.12, 0.07), "light", "fur"))
    shapes.append(Shape(ellipse((hx + 0.04, hy - 0.13), 0.08, 0.055), "light"))
    shapes.extend(Shape(ellipse((hx + 0.03 + dx, hy + 0.04), 0.03, 0.03), "light") for dx in (-0.06, 0.07))
    return shapes


def bird(rng: np.random.Generator) -> list[Shape]:
    """A perching bird: drop-shaped body, barred wing, fan tail, beak, thin legs."""
    lift = rng.uniform(-0.15, 0.45)
    shapes = [Shape(limb((x, 0.30), (x + 0.03, 0.0), 0.04, 0.035), "dark") for x in (-0.05, 0.12)]
    tail = ((-0.30, 0.50), (-0.85, 0.28), (-0.90, 0.44), (-0.80, 0.58))
    shapes.append(Shape(tail, "second", "bars"))
    body = ((-0.42, 0.42), (-0.10, 0.20), (0.28, 0.28), (0.42, 0.62), (0.20, 0.80), (-0.12, 0.68))
    shapes.append(Shape(rounded(body), "main", "fur"))
    shapes.append(Shape(ellipse((0.33, 0.80), 0.19, 0.18), "main"))
    shapes.append(Shape(((0.47, 0.88), (0.76, 0.78), (0.48, 0.72)), "light"))
    shapes.append(Shape(ellipse((0.38, 0.84), 0.04, 0.04), "dark"))
    wing = ((0.16, 0.66), (0.10, 0.36), (-0.30, 0.34), (-0.58, 0.42 + lift), (-0.20, 0.62 + lift * 0.5))
    shapes.append(Shape(rounded(wing, 1), "second", "bars"))
    return shapes


def person(rng: np.random.Generator) -> list[Shape]:
    """A standing or walking person with bent joints, shirt, trousers and hair."""
    stride, sway = rng.uniform(0.02, 0.16), rng.uniform(-0.03, 0.03)
    shirt = ("plain", "bars", "checks")[int(rng.integers(3))]
    hip_y, shoulder_y = 0.48, 0.80
    shapes = []
    for side, paint in ((-1, "second_dark"), (1, "second")):
        knee = (side * stride * 0.7 + 0.04, 0.26)
        foot = (side * stride * 1.1, 0.02)
        shapes.append(Shape(limb((side * 0.05, hip_y + 0.03), knee, 0.15, 0.12), paint))
        shapes.append(Shape(limb(knee, foot, 0.12, 0.09), paint))
        shapes.append(Shape(ellipse((foot[0] + 0.04, 0.025), 0.075, 0.03), "dark"))
    elbows = [(side * rng.uniform(0.14, 0.22), rng.uniform(0.58, 0.70)) for side in (-1, 1)]
    hands = [(side * rng.uniform(0.10, 0.30), rng.uniform(0.42, 0.98)) for side in (-1, 1)]
    shapes.extend(_arm((-0.12 + sway, shoulder_y - 0.03), elbows[0], hands[0], "main_dark"))
    torso = ((-0.11, hip_y), (0.11, hip_y), (0.16 + sway, shoulder_y), (0.06 + sway, 0.84), (-0.06 + sway, 0.84))
    shapes.append(Shape((*torso, (-0.16 + sway, shoulder_y)), "main", shirt))
    shapes.append(Shape(rectangle(sway - 0.035, 0.82, sway + 0.035, 0.88), "skin"))
    shapes.append(Shape(ellipse((sway, 0.965), 0.10, 0.125), "dark", "fur"))
    shapes.append(Shape(ellipse((sway + 0.02, 0.935), 0.082, 0.10), "skin"))
    shapes.extend(_arm((0.12 + sway, shoulder_y - 0.03), elbows[1], hands[1], "main"))
    return shapes


def _arm(
    shoulder: tuple[float, float], elbow: tuple[float, float], hand: tuple[float, float], paint: str
) -> list[Shape]:
    return [
        Shape(limb(shoulder, elbow, 0.10, 0.085), paint),
        Shape(limb(elbow, hand, 0.075, 0.06), "skin"),
        Shape(ellipse(hand, 0.045, 0.045), "skin"),
    ]
