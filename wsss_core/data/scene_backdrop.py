"""Backgrounds of drawn scenes: sky or wall, hills, a textured ground, and the rails on which trains stand."""

import numpy as np

from wsss_core.data.scene_paints import hsv
from wsss_core.data.scene_textures import fractal_noise, value_noise

# Hue, saturation and value ranges of grounds, and the size of their blobs (rows, columns) in picture heights.
_GROUNDS = {
    "grass": ((0.18, 0.36), (0.25, 0.55), (0.40, 0.70), (0.03, 0.02), 0.75),
    "sand": ((0.07, 0.13), (0.20, 0.45), (0.65, 0.88), (0.05, 0.20), 0.35),
    "earth": ((0.03, 0.09), (0.25, 0.50), (0.35, 0.60), (0.05, 0.08), 0.70),
    "paving": ((0.0, 1.0), (0.02, 0.14), (0.45, 0.75), (0.02, 0.03), 0.35),
    "water": ((0.48, 0.62), (0.25, 0.55), (0.45, 0.75), (0.025, 0.30), 0.60),
    "heath": ((0.75, 1.0), (0.15, 0.45), (0.40, 0.68), (0.04, 0.05), 0.80),
    "snow": ((0.55, 0.65), (0.02, 0.10), (0.82, 0.95), (0.08, 0.30), 0.20),
}


def draw_backdrop(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, float]:
    """Background RGB float32 (height, width, 3), range 0..255, and the row of the horizon in pixels."""
    horizon = rng.uniform(0.30, 0.55) * height
    picture = _sky(rng, height, width, horizon) if rng.random() < 0.7 else _wall(rng, height, width)
    for level in range(int(rng.integers(0, 3))):
        _add_hills(picture, rng, horizon, level)
    _add_ground(picture, rng, horizon)
    return picture, horizon


def _sky(rng: np.random.Generator, height: int, width: int, horizon: float) -> np.ndarray:
    hue = rng.uniform(0.52, 0.64) if rng.random() < 0.65 else rng.uniform(0.0, 1.0)
    top = hsv(hue, rng.uniform(0.15, 0.60), rng.uniform(0.60, 0.92))
    low = hsv(hue + rng.uniform(-0.08, 0.08), rng.uniform(0.03, 0.22), rng.uniform(0.82, 0.97))
    ramp = np.clip(np.arange(height, dtype=np.float32) / np.float32(horizon), 0, 1)[:, None, None]
    clouds = fractal_noise(rng, height, width, (0.14 * height, 0.36 * height), 4)
    veil = np.clip((clouds - np.float32(0.48)) * np.float32(4), 0, np.float32(rng.uniform(0.2, 0.9)))[..., None]
    picture = top * (1 - ramp) + low * ramp
    return (picture * (1 - veil) + np.float32(246) * veil).astype(np.float32)


def _wall(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """An indoor or house wall: blotchy plaster, sometimes with bricks or boards."""
    colour = hsv(rng.uniform(0, 1), rng.uniform(0.05, 0.40), rng.uniform(0.45, 0.85))
    shade = fractal_noise(rng, height, width, (0.2 * height, 0.2 * height), 4) * np.float32(0.35) + np.float32(0.82)
    style = int(rng.integers(3))
    if style:
        rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
        course = int(height * rng.uniform(0.05, 0.09)) if style == 1 else height
        board = int(height * rng.uniform(0.12, 0.2))
        shift = (rows // course) % 2 * (board // 2)
        joint = (((columns + shift) % board) < 2) | ((rows % course) < 2)
        shade = shade * np.where(joint, np.float32(0.72), np.float32(1.0))
    return (colour * shade[..., None]).astype(np.float32)


def _add_hills(picture: np.ndarray, rng: np.random.Generator, horizon: float, level: int) -> None:
    height, width = picture.shape[:2]
    profile = fractal_noise(rng, 2, width, (1.0, 0.4 * height), 3)[0]
    crest = np.float32(horizon) - profile * np.float32(height * rng.uniform(0.08, 0.34) / (level + 1))
    colour = hsv(rng.uniform(0.15, 0.65), rng.uniform(0.08, 0.45), rng.uniform(0.35, 0.75))
    texture = fractal_noise(rng, height, width, (0.06 * height, 0.06 * height), 3)[..., None]
    inside = np.arange(height)[:, None] > crest[None, :]
    painted = colour * (texture * np.float32(0.6) + np.float32(0.65))
    picture[inside] = painted[inside]


def _add_ground(picture: np.ndarray, rng: np.random.Generator, horizon: float) -> None:
    height, width = picture.shape[:2]
    name = list(_GROUNDS)[int(rng.integers(len(_GROUNDS)))]
    hue, saturation, value, cell, contrast = _GROUNDS[name]
    colour = hsv(rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value))
    other = hsv(rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value))
    fine = fractal_noise(rng, height, width, (cell[0] * height, cell[1] * height), 3)
    broad = fractal_noise(rng, height, width, (0.12 * height, 0.4 * height), 3)[..., None]
    top = int(horizon)
    near = (np.arange(height, dtype=np.float32) - top) / np.float32(height - top)  # 0 at the horizon, 1 at the feet
    strength = np.clip(near * np.float32(0.8) + np.float32(0.35), 0, 1)[:, None] * np.float32(contrast)
    factor = np.float32(1) + (fine - np.float32(0.5)) * np.float32(1.3) * strength
    mix = np.clip((broad - np.float32(0.35)) * np.float32(3), 0, 1)
    painted = (colour * (1 - mix) + other * mix) * factor[..., None]
    if name == "paving":
        painted *= _slabs(rng, height, width, top)[..., None]
    picture[top:] = painted[top:]


def _slabs(rng: np.random.Generator, height: int, width: int, top: int) -> np.ndarray:
    """Joints between stones, closer together towards the horizon."""
    depth = np.arange(1, height + 1, dtype=np.float32)[:, None] - np.float32(top) + np.float32(6)
    away = np.where(depth > 1, np.float32(height) / np.maximum(depth, 1), np.float32(height))
    row_phase = (away * np.float32(4)) % np.float32(1)
    column_phase = ((np.arange(width, dtype=np.float32)[None, :] - width / 2) * away / np.float32(height) * 4) % 1
    joint = (row_phase < 0.08) | (column_phase < 0.06)
    return np.where(joint, np.float32(0.78), np.float32(rng.uniform(0.98, 1.04)))


def draw_rails(picture: np.ndarray, rng: np.random.Generator, row: float, scale_px: float) -> None:
    """Lay a track across the whole picture (in place): a ballast bed, sleepers and two bright rails.

    `row` is where wheels touch the nearer rail, `scale_px` the height of a train. The track is background in the truth.
    """
    height, width = picture.shape[:2]
    top = max(0, int(row - 0.14 * scale_px))
    bottom = min(height, int(row + 0.16 * scale_px) + 2)
    if bottom <= top:
        return
    size = bottom - top
    grey = hsv(rng.uniform(0, 1), rng.uniform(0.03, 0.15), rng.uniform(0.42, 0.62))
    stones = value_noise(rng, size, width, (2.2, 2.6))[..., None]
    picture[top:bottom] = grey * (stones * np.float32(0.9) + np.float32(0.55))
    sleeper = hsv(0.07, 0.3, rng.uniform(0.18, 0.30))
    step, offset = max(6, int(0.20 * scale_px)), int(rng.integers(0, 50))
    on_sleeper = (np.arange(width) + offset) % step < max(2, step * 2 // 5)
    first, last = top + size // 5, bottom - size // 6
    picture[first:last, on_sleeper] = sleeper * (stones[first - top : last - top, on_sleeper] * np.float32(0.5) + 0.75)
    thickness = max(1, int(0.035 * scale_px))
    for rail in (int(row - 0.07 * scale_px), int(row + 0.03 * scale_px)):
        rail = min(max(rail, 0), height - thickness)
        picture[rail : rail + thickness] = hsv(0.6, 0.05, 0.80)
        picture[min(rail + thickness, height - 1)] = hsv(0.07, 0.3, 0.22)
