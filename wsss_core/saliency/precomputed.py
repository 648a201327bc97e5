"""Saliency maps made elsewhere: one PNG per image, from a folder or from where the data names them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.data.images import read_image
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.exchange.image_size import check_size
from wsss_core.settings.saliency import PrecomputedSaliencySettings
from wsss_core.stages.context import Processor, StageContext


def read_saliency(path: Path, image_hw: tuple[int, int]) -> np.ndarray:
    """Saliency uint8 (H, W) of an image of the size `image_hw`: the mean over the channels of the file's picture.

    Raises `ImageError` for a file that is no picture and `ForeignFileError` for one of another size.
    """
    picture_HW3 = read_image(path)
    check_size(picture_HW3.shape[:2], image_hw, str(path), "a saliency map")
    return np.rint(picture_HW3.mean(axis=2)).astype(np.uint8)


def processor(context: StageContext) -> Processor:
    """One file per image."""
    settings = context.typed_settings(PrecomputedSaliencySettings)
    file_of = _file_finder(settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> SaliencyRow:
        return SaliencyRow(record.image_id, read_saliency(file_of(record), (record.height, record.width)))

    return process


def _file_finder(settings: PrecomputedSaliencySettings) -> Callable[[ImageRecord], Path]:
    if files := settings.files():
        folder = FileFolder.at(*files[0])
        return lambda record: folder.file(record.image_id)
    return _file_of_data


def _file_of_data(record: ImageRecord) -> Path:
    if record.saliency is None:
        raise FileNotFoundError(
            f"image {record.image_id!r}: the data names no saliency map for it. To do: name the folder of the maps, by "
            "`folder` here or `saliency` of the data stage, or take the method `u2net`."
        )
    return Path(record.saliency)
