"""CAMs made elsewhere, as `cams` or as `refined_cams`: the files of PSA, IRN, EPS, CLIP-ES and FMA-WSSS."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.cam_files import ON_A_GRID, read_cam_file
from wsss_core.exchange.class_order import ClassOrder
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.exchange.file_folder import FileFolder
from wsss_core.exchange.image_size import check_size
from wsss_core.settings.precomputed import PrecomputedCamsSettings
from wsss_core.stages.context import Processor, StageContext

_ROUNDING = 1e-3
"""A score may be this much above 1: float16 files round."""


def read_cams(path: Path, image_id: str, size_hw: tuple[int, int], order: ClassOrder, form: str) -> CamRow:
    """The row of one image of the size (H, W), its maps as in the file; see `cam_files` for `form`.

    Raises FileNotFoundError, and `ForeignFileError` for a file that does not fit the image or the classes.
    """
    found, found_form = read_cam_file(path, form)
    kept = order.scores(found, str(path))
    maps_Khw = kept.maps_Khw
    if not len(found.labels):
        maps_Khw = np.zeros((0, *size_hw), np.float32)
    elif found_form not in ON_A_GRID:
        check_size(maps_Khw.shape[1:], size_hw, str(path))
    return CamRow(image_id, size_hw, kept.labels, (maps_Khw,), size_hw, normalise=False)


def check_range(maps_Khw: np.ndarray, where: str) -> None:
    """Raise `ForeignFileError` for values outside [0, 1], which every rule of background scores supposes."""
    if maps_Khw.size and (maps_Khw.min() < 0 or maps_Khw.max() > 1 + _ROUNDING):
        raise ForeignFileError(
            f"{where}: expected scores in [0, 1], found {maps_Khw.min():.4g} to {maps_Khw.max():.4g}. To do: set "
            "`normalise: true` for raw values."
        )


def processor(context: StageContext) -> Processor:
    """One file per image."""
    settings = context.typed_settings(PrecomputedCamsSettings)
    folder = FileFolder.at(*settings.files()[0])
    order = ClassOrder.of(settings.classes, context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        path = folder.file(record.image_id)
        row = read_cams(path, record.image_id, (record.height, record.width), order, settings.form)
        if settings.normalise:
            return replace(row, normalise=True)
        check_range(row.maps[0], str(path))
        return row

    return process
