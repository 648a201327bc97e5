"""Colours of drawn scenes: every object and every ground draws its own hue, so that no class has a colour."""

import colorsys

import numpy as np

_WOOD_HUE = 0.08
_SKINS = ((236, 196, 168), (214, 164, 128), (176, 122, 86), (122, 82, 58), (88, 58, 44))


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """RGB float32 (3,), range 0..255, of hue, saturation and value in 0..1 (the hue wraps around)."""
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), dtype=np.float32) * np.float32(255)


def draw_paints(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The named colours of one object: RGB float32 (3,), range 0..255."""
    hue = rng.uniform(0.0, 1.0)
    saturation, value = rng.uniform(0.08, 0.58), rng.uniform(0.48, 0.92)
    other_hue = hue + rng.uniform(0.25, 0.75)
    other_saturation, other_value = rng.uniform(0.15, 0.70), rng.uniform(0.40, 0.95)
    tint = rng.uniform(0.0, 1.0)
    return {
        "main": hsv(hue, saturation, value),
        "main_dark": hsv(hue, saturation, value * 0.72),
        "second": hsv(other_hue, other_saturation, other_value),
        "second_dark": hsv(other_hue, other_saturation, other_value * 0.75),
        "dark": hsv(tint, 0.25, rng.uniform(0.12, 0.24)),
        "light": hsv(tint, rng.uniform(0.03, 0.16), rng.uniform(0.86, 0.97)),
        "shine": hsv(tint, 0.05, 1.0),
        "glass": hsv(rng.uniform(0.50, 0.64), rng.uniform(0.15, 0.35), rng.uniform(0.55, 0.80)),
        "wood": hsv(_WOOD_HUE, rng.uniform(0.35, 0.6), rng.uniform(0.35, 0.65)),
        "lamp": hsv(0.01, 0.75, 0.8),
        "skin": np.array(_SKINS[int(rng.integers(len(_SKINS)))], dtype=np.float32),
    }
