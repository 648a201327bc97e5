"""Export of CAMs and refined CAMs, one file per image: the dictionaries of PSA and IRN at full image size, the arrays
of FMA-WSSS on the grid."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from wsss_core.artifacts.cams import CamRow
from wsss_core.exchange.file_names import file_name
from wsss_core.exchange.fma_arrays import write_fma_arrays
from wsss_core.exchange.irn_dicts import strided_hw, write_irn_dict
from wsss_core.exchange.psa_dicts import write_cam_dict, write_crf_dict
from wsss_core.label_ids import BACKGROUND

ENDING, ARCHIVE = ".npy", ".npz"


def foreground(row: CamRow) -> CamRow:
    """The row without a background channel of its own, for which CAM dictionaries have no place."""
    kept = row.class_ids != BACKGROUND
    return replace(row, class_ids=row.class_ids[kept], maps=tuple(map_Khw[kept] for map_Khw in row.maps))


def write_psa_cams(rows: Iterable[CamRow], folder: Path | str) -> list[Path]:
    """Write the classes' scores as CAM dictionaries of PSA; a background of their own is left out.

    Names come from `file_names.file_name`. Returns the paths in the order of the rows.
    """
    paths = []
    for row in map(foreground, rows):
        paths.append(Path(folder) / file_name(row.image_id, ENDING))
        write_cam_dict(paths[-1], row.class_ids, row.scores())
    return paths


def write_psa_cams_with_background(rows: Iterable[CamRow], folder: Path | str) -> list[Path]:
    """Write scores that have a background of their own as CRF dictionaries of PSA. Raises ValueError for others."""
    paths = []
    for row in rows:
        paths.append(Path(folder) / file_name(row.image_id, ENDING))
        write_crf_dict(paths[-1], row.class_ids, row.scores())
    return paths


def write_irn_cams(rows: Iterable[CamRow], folder: Path | str) -> list[Path]:
    """Write the classes' scores as dictionaries of IRN; a background of their own is left out."""
    paths = []
    for row in map(foreground, rows):
        paths.append(Path(folder) / file_name(row.image_id, ENDING))
        strided_Chw = row.scores_on(strided_hw(row.size_hw))
        write_irn_dict(paths[-1], row.class_ids, strided_Chw, row.scores())
    return paths


def write_fma_cams(rows: Iterable[CamRow], folder: Path | str) -> list[Path]:
    """Write the classes' raw maps, with their attention, as arrays of FMA-WSSS; a background of their own is left out.

    Raises ValueError for CAMs of several scales.
    """
    paths = []
    for row in map(foreground, rows):
        paths.append(Path(folder) / file_name(row.image_id, ARCHIVE))
        write_fma_arrays(paths[-1], row)
    return paths
