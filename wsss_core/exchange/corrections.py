"""Masks that somebody corrected by hand, for some of the images: label PNGs, or the export of a labelling tool."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.annotations.annotated_image import AnnotatedImage
from wsss_core.exchange.annotations.label_map import paint
from wsss_core.exchange.annotations.source import FILE_ENDINGS, read_annotations
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.file_folder import ID, FileFolder
from wsss_core.exchange.label_pngs import read_label_map

Reader = Callable[[ImageRecord], np.ndarray | None]
"""Gives the corrected label map (H, W) uint8 of an image, None for an image that was not corrected."""


def correction_reader(source: Path, classes: Sequence[str], empty_is_background: bool) -> Reader:
    """What reads corrections from a folder of `<image id>.png` or from a labelling tool's file.

    `classes`: those of the data, background first. `empty_is_background`: an image that the file lists without any
    shape was looked at and shows nothing; else it counts as not corrected. Raises `ForeignFileError` for a missing
    source, one in which two images fit one id, and as `read_label_map` and `paint`.
    """
    if source.suffix.lower() in FILE_ENDINGS:
        return _from_annotations(source, classes, empty_is_background)
    if not source.is_dir():
        raise ForeignFileError(
            f"{source}: expected a folder of label PNGs or a labelling tool's file, found neither. To do: correct it."
        )
    folder, order = FileFolder(source, (f"{ID}.png",)), ClassOrder.of((), classes)

    def read(record: ImageRecord) -> np.ndarray | None:
        path = folder.find(record.image_id)
        return None if path is None else read_label_map(path, (record.height, record.width), order)

    return read


def _from_annotations(source: Path, classes: Sequence[str], empty_is_background: bool) -> Reader:
    images = [image for image in read_annotations(source) if image.shapes or empty_is_background]
    by_id = {image.image_id: image for image in images if image.image_id is not None}
    by_name: dict[str, list[AnnotatedImage]] = {}
    for image in images:
        for name in {_stem(PurePosixPath(file)) for file in image.files} if image.image_id is None else ():
            by_name.setdefault(name, []).append(image)

    def find(record: ImageRecord) -> AnnotatedImage | None:
        if record.image_id in by_id:
            return by_id[record.image_id]
        found = by_name.get(_stem(PurePosixPath(record.file)), [])
        exact = [one for one in found if any(record.image_id in (_path(file), file) for file in one.files)]
        if len(exact or found) > 1:
            raise ForeignFileError(
                f"{source}: {len(found)} images are called {record.image_id!r} or end so. To do: leave one of them."
            )
        return next(iter(exact or found), None)

    def read(record: ImageRecord) -> np.ndarray | None:
        image = find(record)
        return None if image is None else paint(image, (record.height, record.width), classes)

    return read


def _stem(path: PurePosixPath) -> str:
    return path.stem


def _path(file: str) -> str:
    return str(PurePosixPath(file).with_suffix(""))
