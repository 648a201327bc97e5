"""The small files of a PASCAL VOC folder: XML annotations, boxes.json, points.json. Boxes there count from 1."""

import csv
import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from wsss_core.artifacts.manifest import Box, Point
from wsss_core.data.faults import DataError
from wsss_core.label_ids import without_reserved
from wsss_core.settings.base import nearest

NamedBoxes = list[tuple[float, float, float, float, str]]
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_PLACE = ("x", "y")
_SHOWN_LETTERS = 80


def label_id(name: str, classes: Sequence[str], where: str) -> int:
    """Label id (1..C) of a class name. Raises `DataError` that names the nearest known class."""
    known = without_reserved(classes)
    if name not in known:
        raise DataError(
            f"{where}: unknown class {name!r}; {nearest(name, list(known))}. To do: correct `classes` or it."
        )
    return classes.index(name) + 1


def read_annotation(path: Path) -> NamedBoxes:
    """Boxes and class names of an XML annotation, difficult objects included, in VOC's counting. Raises `DataError`."""
    try:
        objects = ElementTree.parse(path).getroot().findall("object")
        return [_read_object(item) for item in objects]
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: expected an XML annotation, found no file. To do: put it there, or choose another `tag_source`."
        ) from error
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{path}: expected a VOC annotation, found: {error}. To do: replace the file.") from error


def _read_object(item: ElementTree.Element) -> tuple[float, float, float, float, str]:
    name, box = item.findtext("name"), item.find("bndbox")
    if name is None or box is None:
        raise ValueError("an object without name or bndbox")
    corners = [box.findtext(corner) for corner in _CORNERS]
    x0, y0, x1, y1 = (float(value) if value is not None else _missing_corner() for value in corners)
    return x0, y0, x1, y1, name.strip()


def _missing_corner() -> float:
    raise ValueError(f"a bndbox without one of {', '.join(_CORNERS)}")


def write_annotation(image_id: str, file_name: str, size_hw: tuple[int, int], named: NamedBoxes) -> str:
    """Text of a VOC XML annotation; boxes in VOC's counting (from 1, inclusive)."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = file_name
    size = ElementTree.SubElement(root, "size")
    for key, value in (("width", size_hw[1]), ("height", size_hw[0]), ("depth", 3)):
        ElementTree.SubElement(size, key).text = str(value)
    for *corners, name in named:
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = str(name)
        ElementTree.SubElement(item, "difficult").text = "0"
        box = ElementTree.SubElement(item, "bndbox")
        for key, corner in zip(_CORNERS, corners, strict=True):
            ElementTree.SubElement(box, key).text = f"{corner:g}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def from_voc_boxes(named: NamedBoxes, classes: Sequence[str], where: str) -> tuple[Box, ...]:
    """Boxes counted from 0 with exclusive ends, from VOC's boxes counted from 1 with inclusive ends."""
    return tuple(Box(x0 - 1, y0 - 1, x1, y1, label_id(name, classes, where)) for x0, y0, x1, y1, name in named)


def to_voc_boxes(boxes: Sequence[Box], classes: Sequence[str]) -> NamedBoxes:
    """The inverse of `from_voc_boxes`."""
    return [(box.x0 + 1, box.y0 + 1, box.x1, box.y1, classes[box.label - 1]) for box in boxes]


def read_boxes_json(path: Path) -> dict[str, NamedBoxes]:
    """{image id: boxes with class names in VOC's counting}; empty when there is no such file. Raises `DataError`."""
    rows = _read_rows(path, _CORNERS, ())
    return {image_id: [(a, b, c, d, name) for (a, b, c, d), name in items] for image_id, items in rows.items()}


def read_points_json(path: Path, classes: Sequence[str], background: str) -> dict[str, tuple[Point, ...]]:
    """{image id: points}; empty when there is no such file. Raises `DataError`."""
    found = {}
    for image_id, items in _read_rows(path, _PLACE, (background, *classes)).items():
        labels = [0 if name == background else label_id(name, classes, f"{path}, {image_id}") for _, name in items]
        found[image_id] = tuple(Point(x, y, label) for ((x, y), _), label in zip(items, labels, strict=True))
    return found


def _read_rows(path: Path, columns: tuple[str, ...], names: Sequence[str]) -> dict[str, list[tuple[list[float], str]]]:
    """{image id: [(a number for each of `columns`, class name), ...]} from CSV, or from JSON
    `{image id: [[number, ..., class name], ...]}`; `names` by label id are for objects with a class id `cls`."""
    if not path.is_file():
        return {}
    if path.suffix.lower() == ".csv":
        return _read_csv(path, columns)
    rows = _read_json(path)
    numbered = {image_id: _from_objects(items, columns, names) for image_id, items in rows.items()}
    return {image_id: _read_items(items, len(columns), f"{path}, {image_id}") for image_id, items in numbered.items()}


def _read_csv(path: Path, columns: tuple[str, ...]) -> dict[str, list[tuple[list[float], str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _table_rows(csv.DictReader(stream), columns, path)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected CSV in UTF-8, found: {error}. To do: replace the file.") from error


def _table_rows(
    reader: "csv.DictReader[str]", columns: tuple[str, ...], path: Path
) -> dict[str, list[tuple[list[float], str]]]:
    expected = ("image", *columns, "class")
    if not set(expected) <= set(reader.fieldnames or ()):
        header = ",".join(reader.fieldnames or ()) or "nothing"
        raise DataError(f"{path}: expected the columns {','.join(expected)}, found {header}. To do: add the header.")
    found: dict[str, list[tuple[list[float], str]]] = {}
    for row in reader:
        try:
            numbers = [float(row[column]) for column in columns]
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{path}, line {reader.line_num}: expected numbers, found {error}. To do: mend it."
            ) from error
        found.setdefault(row["image"].strip(), []).append((numbers, str(row["class"]).strip()))
    return found


def _from_objects(items: object, columns: tuple[str, ...], names: Sequence[str]) -> object:
    """Rows of numbers and a name for objects such as {"x": 3, "y": 5, "cls": 7}; anything else as it is."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return items
    return [[*(item.get(column) for column in columns), _class_name(item.get("cls"), names)] for item in items]


def _class_name(number: object, names: Sequence[str]) -> object:
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else number


def _read_json(path: Path) -> dict[str, object]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected JSON, found: {error}. To do: replace or remove the file.") from error
    if not isinstance(rows, dict):
        found = f"found {str(rows)[:_SHOWN_LETTERS]}"
        raise DataError(f"{path}: expected {{image id: [...], ...}}, {found}. To do: replace or remove the file.")
    return rows


def _read_items(items: object, numbers: int, where: str) -> list[tuple[list[float], str]]:
    if not isinstance(items, list) or not all(_is_row(item, numbers) for item in items):
        raise DataError(
            f"{where}: expected a list of rows, each of {numbers} numbers and a class name, found "
            f"{str(items)[:_SHOWN_LETTERS]}. To do: correct or remove the file."
        )
    return [([float(value) for value in item[:-1]], item[-1]) for item in items]


def _is_row(item: object, numbers: int) -> bool:
    if not isinstance(item, list) or len(item) != numbers + 1 or not isinstance(item[-1], str):
        return False
    return all(isinstance(value, int | float) and math.isfinite(value) for value in item[:-1])
