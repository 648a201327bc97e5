"""From layout to picture: paints every thing with texture, light and shadow, and keeps the exact mask of each."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from wsss_core.data.scene_backdrop import draw_backdrop, draw_rails
from wsss_core.data.scene_geometry import Outline
from wsss_core.data.scene_layout import Item, choose_classes, lay_out, scene_rng
from wsss_core.data.scene_paints import draw_paints
from wsss_core.data.scene_textures import fractal_noise, surface, value_noise

_OVERSAMPLING = 2  # pictures are painted at twice the size and shrunk, which smooths the edges
_BULGE = 0.10  # radius of the rounding of objects, in object units
_NOISE = 7.0  # sensor noise in grey levels
_MIN_VISIBLE_PX = 30  # fewer visible pixels than this: the object is not there for tags and boxes


@dataclass(frozen=True)
class Scene:
    """A drawn picture. `image_HW3` uint8 RGB; `instance_HW` int16, 0 background, n = the nth entry of `labels`."""

    image_HW3: np.ndarray
    instance_HW: np.ndarray
    labels: tuple[int, ...]

    @property
    def label_HW(self) -> np.ndarray:
        """Label ids uint8 (H, W): 0 background, 1..C classes."""
        return np.array((0, *self.labels), dtype=np.uint8)[self.instance_HW]


def draw_scene(seed: int, image_id: str, lead: int, classes: tuple[str, ...], size_hw: tuple[int, int]) -> Scene:
    """The scene of one image id: a function of its arguments alone.

    classes: foreground names; lead: number of the class that is in the picture for certain; size_hw: in pixels.
    """
    rng = scene_rng(seed, image_id, "scene")
    height, width = size_hw[0] * _OVERSAMPLING, size_hw[1] * _OVERSAMPLING
    picture, horizon = draw_backdrop(rng, height, width)
    layout = lay_out(rng, choose_classes(rng, classes, lead), classes, height, width, horizon)
    if layout.rails is not None:
        draw_rails(picture, rng, *layout.rails)
    light = (rng.uniform(-1, 1), rng.uniform(-1.0, -0.4))
    instances = np.zeros((height, width), np.int16)
    labels: list[int] = []
    for item in layout.items:
        inside = _paint_item(picture, rng, item, light)
        labels += [item.label] if item.label else []
        instances[inside] = len(labels) if item.label else 0
    image = _develop(picture, rng, size_hw)
    return _without_hidden(image, instances[::_OVERSAMPLING, ::_OVERSAMPLING], labels)


def _without_hidden(image: np.ndarray, instances: np.ndarray, labels: list[int]) -> Scene:
    """Number only the instances that can be seen; crumbs of hidden ones become background."""
    counts = np.bincount(instances.ravel(), minlength=len(labels) + 1)
    numbers = np.zeros(len(labels) + 1, np.int16)
    kept = [index for index in range(1, len(labels) + 1) if counts[index] >= _MIN_VISIBLE_PX]
    numbers[kept] = np.arange(1, len(kept) + 1)
    return Scene(image, numbers[instances], tuple(labels[index - 1] for index in kept))


def _paint_item(picture: np.ndarray, rng: np.random.Generator, item: Item, light: tuple[float, float]) -> np.ndarray:
    """Paint one thing into `picture` (in place) and return its mask, bool (H, W)."""
    height, width = picture.shape[:2]
    paints, unit = draw_paints(rng), item.place.scale_px
    colour = np.zeros_like(picture)
    mask = np.zeros((height, width), bool)
    textures: dict[str, np.ndarray] = {}
    for shape in item.kind.draw(rng):
        inside = _filled(item, shape.outline, height, width)
        if shape.texture not in textures:
            textures[shape.texture] = surface(shape.texture, rng, height, width, unit)
        colour[inside] = paints[shape.paint] * textures[shape.texture][inside][:, None]
        mask |= inside
    _cast_shadow(picture, item, mask, light)
    picture[mask] = (colour * _relief(mask, unit, light)[..., None])[mask]
    return mask


def _filled(item: Item, outline: Outline, height: int, width: int) -> np.ndarray:
    canvas = Image.new("L", (width, height), 0)
    ImageDraw.Draw(canvas).polygon([(round(x, 3), round(y, 3)) for x, y in item.place.to_pixels(outline)], fill=1)
    return np.asarray(canvas, dtype=bool)


def _blurred(mask: np.ndarray, radius: float) -> np.ndarray:
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / np.float32(255)


def _relief(mask: np.ndarray, unit: float, light: tuple[float, float]) -> np.ndarray:
    """Light factor float32 (H, W) of a bulging body with silhouette `mask`, lit from `light` (x, y; up is y < 0)."""
    radius = max(2.0, _BULGE * unit)
    hill = _blurred(mask, radius)
    slope_y, slope_x = np.gradient(hill)
    lit = (slope_x * np.float32(-light[0]) + slope_y * np.float32(-light[1])) * np.float32(-radius * 1.5)
    return np.clip(np.float32(0.72) + hill * np.float32(0.35) + lit, np.float32(0.35), np.float32(1.35))


def _cast_shadow(picture: np.ndarray, item: Item, mask: np.ndarray, light: tuple[float, float]) -> None:
    """Darken the ground below a standing thing (in place)."""
    if item.kind.aloft:
        return
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return
    half, unit = (columns[-1] - columns[0]) * 0.52, item.place.scale_px
    centre = (columns[0] + columns[-1]) / 2 - light[0] * 0.12 * unit
    canvas = Image.new("L", (picture.shape[1], picture.shape[0]), 0)
    box = (centre - half, item.place.y - 0.06 * unit, centre + half, item.place.y + 0.06 * unit)
    ImageDraw.Draw(canvas).ellipse([round(value, 3) for value in box], fill=1)
    shadow = _blurred(np.asarray(canvas, dtype=bool), max(2.0, 0.04 * unit))
    picture *= np.float32(1) - np.float32(0.55) * shadow[..., None]


def _develop(picture: np.ndarray, rng: np.random.Generator, size_hw: tuple[int, int]) -> np.ndarray:
    """Illumination, colour cast, shrinking and sensor noise: uint8 RGB (H, W, 3)."""
    height, width = picture.shape[:2]
    glow = fractal_noise(rng, height, width, (0.6 * height, 0.6 * height), 2) * np.float32(0.36) + np.float32(0.82)
    cast = rng.uniform(0.92, 1.08, 3).astype(np.float32) * np.float32(rng.uniform(0.85, 1.12))
    exposed = np.clip(picture * glow[..., None] * cast, 0, 255).astype(np.uint8)
    small = Image.fromarray(exposed).resize((size_hw[1], size_hw[0]), Image.Resampling.BOX)
    grain = rng.integers(-100, 101, (*size_hw, 3)).astype(np.float32) * np.float32(_NOISE / 100)
    blotch = (value_noise(rng, *size_hw, (3, 3))[..., None] - np.float32(0.5)) * np.float32(_NOISE)
    return np.clip(np.asarray(small, dtype=np.float32) + grain + blotch, 0, 255).astype(np.uint8)
