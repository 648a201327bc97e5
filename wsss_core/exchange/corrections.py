"""Masks that somebody corrected by hand, for some of the images: label PNGs, or the export of a labelling tool."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.annotations.image_ids import by_image_id
from wsss_core.exchange.annotations.label_map import paint
from wsss_core.exchange.annotations.source import FILE_ENDINGS, read_annotations
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.file_folder import ID, FileFolder
from wsss_core.exchange.label_pngs import read_label_map

Reader = Callable[[ImageRecord], np.ndarray | None]
"""Gives the corrected label map (H, W) of an image, None for an image that was not corrected."""


def correction_reader(
    source: Path, classes: Sequence[str], empty_is_background: bool, image_ids: Iterable[str]
) -> Reader:
    """What reads corrections from a folder of `<image id>.png` or from a labelling tool's file.

    `classes`: those of the data, background first. `empty_is_background`: an image that the file lists without any
    shape was looked at and shows nothing; else it counts as not corrected. `image_ids`: all of the data, to tell images
    of one name in different folders apart. Raises `ForeignFileError` for a missing source, one without any image of the
    data, one in which two images fit one id, and as `by_image_id`, `read_label_map` and `paint`.
    """
    if source.suffix.lower() in FILE_ENDINGS:
        return _from_annotations(source, classes, empty_is_background, image_ids)
    if not source.is_dir():
        raise ForeignFileError(
            f"{source}: expected a folder of label PNGs or a labelling tool's file, found neither. To do: correct it."
        )
    folder, order = FileFolder(source, (f"{ID}.png",)), ClassOrder.of((), classes)

    def read(record: ImageRecord) -> np.ndarray | None:
        path = folder.find(record.image_id)
        return None if path is None else read_label_map(path, (record.height, record.width), order)

    return read


def _from_annotations(
    source: Path, classes: Sequence[str], empty_is_background: bool, image_ids: Iterable[str]
) -> Reader:
    images = [image for image in read_annotations(source) if image.shapes or empty_is_background]
    found = by_image_id(images, image_ids)
    if images and not found:
        raise ForeignFileError(
            f"{source}: expected corrections of images of the data, found {len(images)} images of other names, such as "
            f"{images[0].files[0]!r}. To do: choose the file of this data set."
        )

    def read(record: ImageRecord) -> np.ndarray | None:
        image = found.get(record.image_id)
        return None if image is None else paint(image, (record.height, record.width), classes)

    return read
