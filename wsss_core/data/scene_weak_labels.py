"""Weak labels of drawn scenes, derived from the exact instance map: boxes, points, scribbles, saliency."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from wsss_core.artifacts.manifest import Box, Point
from wsss_core.data.scene_render import Scene

UNLABELLED = 255
_STROKE_ATTEMPTS = 40
_BACKGROUND_STROKES = 3
_DEEP = 0.8  # share of an instance's greatest depth from which points are taken


def boxes(scene: Scene) -> tuple[Box, ...]:
    """Boxes of the visible part of every instance."""
    found = []
    for number, label in enumerate(scene.labels, start=1):
        rows, columns = np.nonzero(scene.instance_HW == number)
        x1, y1 = float(columns.max() + 1), float(rows.max() + 1)
        found.append(Box(float(columns.min()), float(rows.min()), x1, y1, label))
    return tuple(found)


def points(scene: Scene, rng: np.random.Generator) -> tuple[Point, ...]:
    """One click deep inside every instance, and one on the background."""
    found = []
    for number, label in enumerate((0, *scene.labels)):
        rows, columns = _deep_pixels(scene.instance_HW == number)
        chosen = int(rng.integers(rows.size))
        found.append(Point(float(columns[chosen]), float(rows[chosen]), label))
    return tuple(found)


def scribbles(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """Strokes of a pen inside every instance and on the background: uint8 (H, W), label ids, 255 unlabelled."""
    drawn = np.full(scene.instance_HW.shape, UNLABELLED, np.uint8)
    for number, label in enumerate((0, *scene.labels)):
        inside = scene.instance_HW == number
        for _ in range(1 if label else _BACKGROUND_STROKES):
            drawn[_longest_stroke(inside, rng) & inside] = label
    return drawn


def saliency(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """What a saliency network would give: uint8 (H, W). Soft, blind to some objects, with a false blob now and then."""
    height, width = scene.instance_HW.shape
    canvas = np.zeros((height, width), np.uint8)
    for number in range(1, len(scene.labels) + 1):
        inside = scene.instance_HW == number
        small = inside.sum() < 0.02 * height * width
        canvas[inside] = int(rng.integers(40, 160)) if small else int(rng.integers(190, 256))
    if rng.random() < 0.35:
        centre_y, centre_x = rng.uniform(0, height), rng.uniform(0, width)
        y, x = np.mgrid[0:height, 0:width]
        blob = ((y - centre_y) / (0.12 * height)) ** 2 + ((x - centre_x) / (0.10 * width)) ** 2 < 1
        canvas[blob] = np.maximum(canvas[blob], np.uint8(rng.integers(60, 150)))
    soft = Image.fromarray(canvas).filter(ImageFilter.GaussianBlur(max(1.0, 0.012 * height)))
    return np.asarray(soft, dtype=np.uint8).copy()


def _deep_pixels(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels far from the border of the mask `inside` (bool (H, W), not empty)."""
    depth = np.zeros(inside.shape, np.int32)
    layer = np.pad(inside, 1)
    while layer.any():
        depth += layer[1:-1, 1:-1]
        shrunk = layer.copy()
        shrunk[1:-1, 1:-1] &= layer[:-2, 1:-1] & layer[2:, 1:-1] & layer[1:-1, :-2] & layer[1:-1, 2:]
        layer = shrunk
    rows, columns = np.nonzero(depth >= max(1.0, _DEEP * depth.max()))
    return rows, columns


def _longest_stroke(inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of random straight strokes that stay inside the mask the longest; a dot if none does. bool (H, W)."""
    rows, columns = np.nonzero(inside)
    best, best_length = np.zeros_like(inside), -1.0
    for _ in range(_STROKE_ATTEMPTS):
        a, b = rng.integers(rows.size, size=2)
        canvas = Image.new("L", (inside.shape[1], inside.shape[0]), 0)
        ends = [(int(columns[a]), int(rows[a])), (int(columns[b]), int(rows[b]))]
        ImageDraw.Draw(canvas).line(ends, fill=1, width=1)
        stroke = np.asarray(canvas, dtype=bool)
        length = float(stroke.sum())
        if length > best_length and not (stroke & ~inside).any():
            best, best_length = stroke, length
    if best_length < 0:
        best[rows[0], columns[0]] = True
    return best
