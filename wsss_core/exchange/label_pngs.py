"""Label maps of other systems as PNG: grey or palette, one byte per pixel: 0 background, c + 1 class, 255 ignore."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.labels import read_label_png
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.exchange.image_size import check_size
from wsss_core.settings.precomputed import PrecomputedLabelsSettings


def label_reader(settings: PrecomputedLabelsSettings, classes: Sequence[str]) -> Callable[[ImageRecord], np.ndarray]:
    """What gives the label map (H, W) of an image from the folder of the settings; see `read_label_map`.

    `classes`: those of the data, background first. Raises `FileNotFoundError` and `SettingsError` at once where the
    folder or the names of the classes are wrong, and `FileNotFoundError` for an image without a file.
    """
    folder = FileFolder.at(*settings.files()[0])
    order = ClassOrder.of(settings.classes, classes)

    def read(record: ImageRecord) -> np.ndarray:
        return read_label_map(folder.file(record.image_id), (record.height, record.width), order)

    return read


def read_label_map(path: Path, image_hw: tuple[int, int], order: ClassOrder) -> np.ndarray:
    """The label map (H, W) of an image of the size `image_hw`, in the label ids of the data.

    Raises `LabelError` for a file that is no label map, `ForeignFileError` for another size and for labels that are
    neither a class of `order` nor 255.
    """
    label_HW = read_label_png(path)
    check_size(label_HW.shape, image_hw, str(path), "a label map")
    return order.label_map(label_HW, str(path))
