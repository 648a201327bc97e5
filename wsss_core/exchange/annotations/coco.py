"""Annotations in COCO's JSON form: `images`, `categories`, `annotations` with boxes, polygons and run-length codes."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from wsss_core.artifacts.rle import compress_counts, decode_masks
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage, BoxCorners, Shape
from wsss_core.exchange.annotations.fields import field, number
from wsss_core.exchange.annotations.image_names import file_or_address, image_files
from wsss_core.exchange.errors import ForeignFileError


def is_coco(content: object) -> bool:
    """Whether the content of a JSON file has COCO's form."""
    return isinstance(content, Mapping) and "images" in content and "annotations" in content


def coco_images(content: object, path: Path) -> list[AnnotatedImage]:
    """All images of the file; one without annotations has no tag. Larger objects are painted first, smaller on top.

    Raises `ForeignFileError`.
    """
    where = str(path)
    names = {number(one, "id", where): field(one, "name", str, where) for one in _rows(content, "categories", where)}
    shapes: dict[float, list[tuple[float, Shape]]] = defaultdict(list)
    for place, one in enumerate(_rows(content, "annotations", where)):
        at = f"{where}, annotation {one.get('id', place)}"
        category = number(one, "category_id", at)
        if category not in names:
            raise ForeignFileError(
                f"{at}: category {category:g} is not among `categories`. To do: export the file again."
            )
        area = one.get("area")
        shapes[number(one, "image_id", at)].append(
            (-float(area) if isinstance(area, int | float) else 0.0, _shape(one, names[category], at))
        )
    images = []
    for one in _rows(content, "images", where):
        at = f"{where}, image {one.get('file_name')!r}"
        own = sorted(shapes[number(one, "id", at)], key=lambda pair: pair[0])
        known = one.get("wsss_id")
        images.append(
            AnnotatedImage(
                _files(one, at),
                at,
                shapes=tuple(shape for _, shape in own),
                image_id=known if isinstance(known, str) else None,
            )
        )
    return images


def _files(one: Mapping[str, object], where: str) -> tuple[str, ...]:
    """Label Studio writes the address under `path`, and of that only the last step as `file_name`."""
    address = one.get("path")
    name = file_or_address(field(one, "file_name", str, where))
    return (*image_files(address), *name) if isinstance(address, str) else name


def _rows(content: object, key: str, where: str) -> list[Mapping[str, object]]:
    rows = field(content, key, list, where)
    if not all(isinstance(row, Mapping) for row in rows):
        raise ForeignFileError(f"{where}: expected a list of objects under {key!r}. To do: export the file again.")
    return rows


def _shape(one: Mapping[str, object], name: str, where: str) -> Shape:
    form = one.get("segmentation")
    box = None if one.get("iscrowd") else _box(one.get("bbox"))
    if isinstance(form, Mapping):
        return Shape(name, box, mask=partial(_mask, form, where))
    if isinstance(form, list):
        return Shape(name, box, tuple(_polygon(flat, where) for flat in form))
    return Shape(name, box)


def _box(values: object) -> BoxCorners | None:
    if not isinstance(values, list) or len(values) != 4 or not all(isinstance(one, int | float) for one in values):
        return None
    x, y, width, height = (float(one) for one in values)
    return x, y, x + width, y + height


def _polygon(flat: object, where: str) -> np.ndarray:
    if not isinstance(flat, list) or len(flat) < 6 or len(flat) % 2:
        raise ForeignFileError(
            f"{where}: expected a polygon of at least 3 corners, [x, y, x, y, ...], found {str(flat)[:60]}. To do: "
            "correct or remove the annotation."
        )
    return np.array(flat, np.float64).reshape(-1, 2)


def _mask(form: Mapping[str, object], where: str) -> np.ndarray:
    size = field(form, "size", list, where)
    size_hw = (int(size[0]), int(size[1]))
    counts = field(form, "counts", (str, list), where)
    code = counts.encode() if isinstance(counts, str) else compress_counts(counts, size_hw, where)
    try:
        return decode_masks([code], size_hw)[0]
    except ValueError as error:
        raise ForeignFileError(f"{where}: {error}. To do: export the file again.") from error
