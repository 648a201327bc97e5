"""Annotations of any known form, told apart by what is in the file: COCO, Label Studio, CVAT, a folder of VOC XML."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from wsss_core.exchange.annotations import cvat
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.coco import coco_images, is_coco
from wsss_core.exchange.annotations.label_studio import is_label_studio, label_studio_images
from wsss_core.exchange.annotations.voc_xml import voc_images
from wsss_core.exchange.errors import ForeignFileError

FILE_ENDINGS = (".json", ".xml")
_FORMS = "COCO JSON, Label Studio JSON, CVAT for images 1.1, or a folder of VOC XML files"


def is_annotation_source(path: Path) -> bool:
    """Whether the path is of a kind that `read_annotations` takes, by its ending, or a folder."""
    return path.suffix.lower() in FILE_ENDINGS or path.is_dir()


def read_annotations(path: Path) -> Sequence[AnnotatedImage]:
    """All annotated images of a file or folder. Raises `ForeignFileError` for an unknown form, and damaged files."""
    if path.is_dir():
        return voc_images(path)
    if not path.is_file():
        raise ForeignFileError(f"{path}: expected {_FORMS}, found no file. To do: correct the path.")
    state = path.stat()
    return _read_file(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read_file(path: Path, time_ns: int, size: int) -> tuple[AnnotatedImage, ...]:
    """The content of a file as it is at that time: building a graph asks for it again and again."""
    images = _from_xml(path) if path.suffix.lower() == ".xml" else _from_json(path)
    return tuple(images)


def _from_json(path: Path) -> list[AnnotatedImage]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ForeignFileError(
            f"{path}: expected {_FORMS}, found no JSON ({error}). To do: export it again."
        ) from error
    if is_coco(content):
        return coco_images(content, path)
    if is_label_studio(content):
        return label_studio_images(content, path)
    raise ForeignFileError(
        f"{path}: expected {_FORMS}, found JSON of another form. To do: export from Label Studio as `JSON` (not "
        "JSON_MIN), from CVAT as `CVAT for images 1.1` or `COCO 1.0`."
    )


def _from_xml(path: Path) -> list[AnnotatedImage]:
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ForeignFileError(f"{path}: expected {_FORMS}, found no XML ({error}). To do: export it again.") from error
    if root.tag != cvat.ROOT:
        raise ForeignFileError(
            f"{path}: expected {_FORMS}, found XML with <{root.tag}>. To do: name the folder of VOC files instead of "
            "one of them, or export from CVAT as `CVAT for images 1.1`."
        )
    return cvat.cvat_images(root, path)
