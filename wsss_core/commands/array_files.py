"""What `wsss export` writes of CAMs and affinity labels: the files of PSA, IRN and FMA-WSSS."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import click

from wsss_core.artifacts.affinity_labels import AffinityLabelRow, IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.commands.places import FinishedStage
from wsss_core.exchange.affinity_label_rows import write_crf_pairs
from wsss_core.exchange.cam_rows import write_fma_cams, write_irn_cams, write_psa_cams, write_psa_cams_with_background
from wsss_core.exchange.palette_png import write_palette_pngs
from wsss_core.label_ids import BACKGROUND
from wsss_core.settings.base import SettingsError
from wsss_core.stages.per_image import rows_of

RowT = TypeVar("RowT")


def psa_cams(stage: FinishedStage, out: Path) -> int:
    """CAM dictionaries of PSA."""
    return len(write_psa_cams(_with_note(_rows(stage, CamRow, "psa-npy")), out))


def irn_cams(stage: FinishedStage, out: Path) -> int:
    """Dictionaries of IRN."""
    return len(write_irn_cams(_with_note(_rows(stage, CamRow, "irn-npy")), out))


def fma_cams(stage: FinishedStage, out: Path) -> int:
    """Arrays of FMA-WSSS, with the attention where it was stored."""
    return len(write_fma_cams(_with_note(_rows(stage, CamRow, "fma-npz")), out))


def psa_cams_with_background(stage: FinishedStage, out: Path) -> int:
    """CRF dictionaries of PSA."""
    rows = (_checked_background(row, stage) for row in _rows(stage, CamRow, "psa-crf-npy"))
    return len(write_psa_cams_with_background(rows, out))


def crf_pairs(stage: FinishedStage, out: Path) -> int:
    """The folders "la" and "ha" of PSA."""
    return write_crf_pairs(_rows(stage, AffinityLabelRow, "psa-crf-npy"), out)


def ir_label_pngs(stage: FinishedStage, out: Path) -> int:
    """The label PNGs on which IRNet is trained."""
    rows = (LabelRow(row.image_id, row.label_HW) for row in _rows(stage, IrLabelRow, "voc-png"))
    return len(write_palette_pngs(rows, out))


def _rows(stage: FinishedStage, row_type: type[RowT], form: str) -> Iterator[RowT]:
    for row in rows_of(stage.folder, stage.kind):
        if not isinstance(row, row_type):
            raise SettingsError(
                f"{stage.experiment}/{stage.name}: the {stage.kind} of {stage.about.get('method')} cannot be exported "
                f"as {form}; choose another --format"
            )
        yield row


def _with_note(rows: Iterator[CamRow]) -> Iterator[CamRow]:
    """The rows; after the last one, a note when the format has left something out."""
    left_out = 0
    for row in rows:
        left_out += BACKGROUND in row.class_ids
        yield row
    if left_out:
        click.echo(
            f"the background channel of {left_out} images is left out, this format has no place for it "
            "(--format psa-crf-npy has)",
            err=True,
        )


def _checked_background(row: CamRow, stage: FinishedStage) -> CamRow:
    if BACKGROUND not in row.class_ids:
        raise SettingsError(
            f"{stage.experiment}/{stage.name}, image {row.image_id!r}: expected scores with a background channel, "
            "found classes only; choose --format psa-npy or irn-npy"
        )
    return row
