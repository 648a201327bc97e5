"""CVAT's XML form "CVAT for images 1.1": tags, boxes, polygons, ellipses and masks of each image, and the names of
shapes without an area."""

import xml.etree.ElementTree as ElementTree
from functools import partial
from pathlib import Path

import numpy as np

from wsss_core.exchange.annotations.annotated_image import AnnotatedImage, Shape
from wsss_core.exchange.annotations.ellipse import ellipse_polygon
from wsss_core.exchange.errors import ForeignFileError

ROOT = "annotations"


def cvat_images(root: ElementTree.Element, path: Path) -> list[AnnotatedImage]:
    """All images of the file, shapes by their `z_order`. Raises `ForeignFileError`."""
    images = []
    for node in root.findall("image"):
        where = f"{path}, image {node.get('name')!r}"
        try:
            tags = tuple(_text(tag, "label") for tag in node.findall("tag"))
            shapes = sorted((one for one in node if one.tag in _READERS), key=lambda one: int(one.get("z_order") or 0))
            images.append(
                AnnotatedImage(
                    (_text(node, "name"),), where, tags, tuple(_READERS[one.tag](one, node, where) for one in shapes)
                )
            )
        except (ValueError, TypeError) as error:
            raise ForeignFileError(
                f"{where}: expected the form `CVAT for images 1.1`, found: {error}. To do: export the task again."
            ) from error
    return images


def _box(node: ElementTree.Element, image: ElementTree.Element, where: str) -> Shape:
    x0, y0, x1, y1 = (float(_text(node, key)) for key in ("xtl", "ytl", "xbr", "ybr"))
    return Shape(_text(node, "label"), None if float(node.get("rotation") or 0) else (x0, y0, x1, y1))


def _polygon(node: ElementTree.Element, image: ElementTree.Element, where: str) -> Shape:
    points = [[float(value) for value in pair.split(",")] for pair in _text(node, "points").split(";")]
    return Shape(_text(node, "label"), polygons=(np.array(points, np.float64).reshape(-1, 2),))


def _ellipse(node: ElementTree.Element, image: ElementTree.Element, where: str) -> Shape:
    x, y, wide, high = (float(_text(node, key)) for key in ("cx", "cy", "rx", "ry"))
    polygon = ellipse_polygon((x, y), (wide, high), float(node.get("rotation") or 0))
    return Shape(_text(node, "label"), polygons=(polygon,))


def _name(node: ElementTree.Element, image: ElementTree.Element, where: str) -> Shape:
    return Shape(_text(node, "label"))


def _mask(node: ElementTree.Element, image: ElementTree.Element, where: str) -> Shape:
    return Shape(_text(node, "label"), mask=partial(_decode, node, image, where))


def _decode(node: ElementTree.Element, image: ElementTree.Element, where: str) -> np.ndarray:
    """Runs along the rows of the mask's box, zeros first."""
    size_hw = (int(_text(image, "height")), int(_text(image, "width")))
    left, top, width, height = (int(float(_text(node, key))) for key in ("left", "top", "width", "height"))
    runs = np.array([int(value) for value in _text(node, "rle").split(",")], np.int64)
    inside = left >= 0 and top >= 0 and left + width <= size_hw[1] and top + height <= size_hw[0]
    if (runs < 0).any() or runs.sum() != width * height or not inside:
        raise ForeignFileError(
            f"{where}: expected a mask whose runs fill its box of {width} x {height} pixels within the image, found "
            f"runs of {runs.sum()} pixels. To do: export the task again."
        )
    mask_HW = np.zeros(size_hw, bool)
    mask_HW[top : top + height, left : left + width] = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(
        height, width
    )
    return mask_HW


def _text(node: ElementTree.Element, key: str) -> str:
    value = node.get(key)
    if value is None:
        raise ValueError(f"<{node.tag}> without {key!r}")
    return value


_READERS = {"box": _box, "polygon": _polygon, "ellipse": _ellipse, "mask": _mask} | dict.fromkeys(
    ("polyline", "points", "cuboid", "skeleton"), _name
)
