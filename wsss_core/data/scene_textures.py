"""Surface textures of drawn scenes: factors around 1 that modulate a colour.

Everything here is integer resizing (Pillow) and plain arithmetic, so that pictures are the same on every machine;
sine tables and Gaussian random numbers would differ in the last bit between processors.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

Pattern = Callable[[np.random.Generator, int, int, float], np.ndarray]
_MAX = 255.0


def value_noise(rng: np.random.Generator, height: int, width: int, cell_hw: tuple[float, float]) -> np.ndarray:
    """Smooth noise float32 (height, width) in 0..1 whose blobs are about `cell_hw` pixels large."""
    rows = max(2, int(height / cell_hw[0]) + 2)
    columns = max(2, int(width / cell_hw[1]) + 2)
    grid = rng.integers(0, 256, (rows, columns), dtype=np.uint8)
    smooth = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / np.float32(_MAX)


def fractal_noise(
    rng: np.random.Generator, height: int, width: int, cell_hw: tuple[float, float], octaves: int = 3
) -> np.ndarray:
    """Sum of value noise at halving sizes and strengths, float32 (height, width) in 0..1."""
    total, weight_sum, weight = np.zeros((height, width), np.float32), 0.0, 1.0
    for octave in range(octaves):
        cell = (max(1.0, cell_hw[0] / 2**octave), max(1.0, cell_hw[1] / 2**octave))
        total += np.float32(weight) * value_noise(rng, height, width, cell)
        weight_sum += weight
        weight *= 0.55
    return total / np.float32(weight_sum)


def surface(kind: str, rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
    """Texture factor float32 (height, width), about 0.5..1.3, for an object whose unit is `unit_px` pixels.

    Raises KeyError for an unknown kind.
    """
    grain = value_noise(rng, height, width, (2.5, 2.5)) * np.float32(0.12) + np.float32(0.94)
    return (_PATTERNS[kind](rng, height, width, unit_px) * grain).astype(np.float32)


def _plain(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
    cell = max(4.0, unit_px * 0.3)
    return value_noise(rng, height, width, (cell, cell)) * np.float32(0.2) + np.float32(0.9)


def _noise(cell: tuple[float, float], low: float, high: float) -> Pattern:
    def pattern(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
        size = (max(1.5, cell[0] * unit_px), max(1.5, cell[1] * unit_px))
        return fractal_noise(rng, height, width, size, 2) * np.float32(high - low) + np.float32(low)

    return pattern


def _bands(vertical: bool, period: float, share: float, low: float) -> Pattern:
    """Dark lines, `share` of a period wide, `period` object units apart."""

    def pattern(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
        step = max(3.0, period * unit_px)
        axis = np.arange(width if vertical else height, dtype=np.float32) + np.float32(rng.uniform(0, step))
        phase = (axis / np.float32(step)) % np.float32(1.0)
        line = np.where(phase < share, np.float32(low), np.float32(1.06))
        return np.broadcast_to(line[None, :] if vertical else line[:, None], (height, width)).copy()

    return pattern


def _checks(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
    down = _bands(False, 0.09, 0.5, 0.74)(rng, height, width, unit_px)
    return (down + _bands(True, 0.09, 0.5, 0.74)(rng, height, width, unit_px)) / np.float32(2)


def _glass(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
    rows = np.arange(height, dtype=np.float32)[:, None] + np.arange(width, dtype=np.float32)[None, :]
    step = np.float32(max(8.0, unit_px * rng.uniform(0.5, 0.9)))
    wave = abs((rows / step) % np.float32(2) - np.float32(1))
    return wave * np.float32(0.45) + np.float32(0.8)


def _print(rng: np.random.Generator, height: int, width: int, unit_px: float) -> np.ndarray:
    blots = value_noise(rng, height, width, (max(2.0, 0.05 * unit_px), max(2.0, 0.09 * unit_px)))
    return np.where(blots > 0.56, np.float32(0.45), np.float32(1.05))


_PATTERNS: dict[str, Pattern] = {
    "plain": _plain,
    "fur": _noise((0.05, 0.05), 0.62, 1.25),
    "rough": _noise((0.10, 0.14), 0.50, 1.35),
    "leaves": _noise((0.07, 0.07), 0.35, 1.45),
    "grain": _noise((0.30, 0.04), 0.70, 1.20),
    "bars": _bands(False, 0.12, 0.45, 0.62),
    "planks": _bands(False, 0.11, 0.22, 0.62),
    "seams": _bands(False, 0.20, 0.18, 0.84),
    "checks": _checks,
    "glass": _glass,
    "print": _print,
}
