"""Label Studio's JSON export (not JSON_MIN): choices, rectangles, polygons, ellipses and masks of each task."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from wsss_core.exchange.annotations.annotated_image import AnnotatedImage, BoxCorners, Shape
from wsss_core.exchange.annotations.bitmask import decode_bitmask
from wsss_core.exchange.annotations.brush_rle import decode_brush
from wsss_core.exchange.annotations.ellipse import ellipse_polygon
from wsss_core.exchange.annotations.fields import field, number
from wsss_core.exchange.annotations.image_names import image_files
from wsss_core.exchange.errors import ForeignFileError

IMAGE_KEY = "image"
OWN_ID = "wsss_id"
_CHOICES = ("choices", "labels", "taxonomy")


def is_label_studio(content: object) -> bool:
    """Whether the content of a JSON file is a list of tasks."""
    return isinstance(content, list) and all(isinstance(task, Mapping) and "data" in task for task in content)


def label_studio_images(content: object, path: Path) -> list[AnnotatedImage]:
    """The tasks that somebody has annotated, by their last annotation that was not cancelled.

    Raises `ForeignFileError`.
    """
    images = []
    for place, task in enumerate(content if isinstance(content, list) else []):
        where = f"{path}, task {task.get('id', place)}"
        results = _last_result(task)
        if results is None:
            continue
        data = field(task, "data", dict, where)
        known = data.get(OWN_ID)
        found = [_read(result, where) for result in results if isinstance(result, Mapping)]
        images.append(
            AnnotatedImage(
                image_files(_image_url(data, where)),
                where,
                tuple(name for names, _ in found for name in names),
                tuple(shape for _, shapes in found for shape in shapes),
                known if isinstance(known, str) else None,
            )
        )
    return images


def _image_url(data: Mapping[str, object], where: str) -> str:
    """The address under `image`, or the only other text: projects name the key as they like."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and key != OWN_ID}
    if IMAGE_KEY in texts:
        return texts[IMAGE_KEY]
    if len(texts) != 1:
        raise ForeignFileError(
            f"{where}: expected the image's address under data.{IMAGE_KEY}, found the keys "
            f"{', '.join(data) or 'none'}. To do: rename the key in the project's data."
        )
    return next(iter(texts.values()))


def _last_result(task: Mapping[str, object]) -> Sequence[object] | None:
    done = [
        one.get("result")
        for one in task.get("annotations") or ()  # type: ignore[attr-defined]
        if isinstance(one, Mapping) and not one.get("was_cancelled")
    ]
    return done[-1] if done and isinstance(done[-1], list) else None


def _read(result: Mapping[str, object], where: str) -> tuple[tuple[str, ...], tuple[Shape, ...]]:
    """Tags and shapes of one result. Kinds of results without a class of the image, such as comments, have neither."""
    kind, value = result.get("type"), result.get("value")
    if not isinstance(kind, str) or not isinstance(value, Mapping):
        return (), ()
    names = tuple(_names(value.get(kind)))
    if kind in _CHOICES:
        return names, ()
    if kind == "rectanglelabels":
        return (), tuple(Shape(name, _rectangle(value, result, where)) for name in names)
    if kind == "polygonlabels":
        points = np.array(field(value, "points", list, where), np.float64).reshape(-1, 2)
        polygon = points / 100 * np.array(_size_hw(result, where))[::-1]
        return (), tuple(Shape(name, polygons=(polygon,)) for name in names)
    if kind == "brushlabels":
        mask = partial(decode_brush, field(value, "rle", list, where), _size_hw(result, where), where)
        return (), tuple(Shape(name, mask=mask) for name in names)
    if kind == "bitmasklabels":
        mask = partial(decode_bitmask, field(value, "imageDataURL", str, where), _size_hw(result, where), where)
        return (), tuple(Shape(name, mask=mask) for name in names)
    if kind == "ellipselabels":
        return (), tuple(Shape(name, polygons=(_ellipse(value, result, where),)) for name in names)
    return names, ()


def _names(values: object) -> list[str]:
    """Class names of a list; of the paths of a taxonomy their last steps."""
    if not isinstance(values, list):
        return []
    last = [value[-1] if isinstance(value, list) and value else value for value in values]
    return [value for value in last if isinstance(value, str)]


def _size_hw(result: Mapping[str, object], where: str) -> tuple[int, int]:
    return int(number(result, "original_height", where)), int(number(result, "original_width", where))


def _rectangle(value: Mapping[str, object], result: Mapping[str, object], where: str) -> BoxCorners | None:
    """The box in pixels; None for a turned one, which is no box along the axes."""
    if value.get("rotation"):
        return None
    height, width = _size_hw(result, where)
    x, y, wide, high = (number(value, key, where) / 100 for key in ("x", "y", "width", "height"))
    return x * width, y * height, (x + wide) * width, (y + high) * height


def _ellipse(value: Mapping[str, object], result: Mapping[str, object], where: str) -> np.ndarray:
    height, width = _size_hw(result, where)
    x, y, wide, high = (number(value, key, where) / 100 for key in ("x", "y", "radiusX", "radiusY"))
    turn = number({"rotation": 0, **value}, "rotation", where)
    return ellipse_polygon((x * width, y * height), (wide * width, high * height), turn)
