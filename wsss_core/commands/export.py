"""`wsss export`: what a stage made, in the formats that other tools read."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import click

from wsss_core.artifacts.atomic import write_text
from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.commands.array_files import (
    crf_pairs,
    fma_cams,
    ir_label_pngs,
    irn_cams,
    psa_cams,
    psa_cams_with_background,
)
from wsss_core.commands.onnx_export import export_onnx
from wsss_core.commands.places import FinishedStage, finished_stage, locate
from wsss_core.commands.steady import steady
from wsss_core.data.labels import voc_palette
from wsss_core.exchange.coco_rle import write_coco_json
from wsss_core.exchange.cvat_file import write_cvat_xml
from wsss_core.exchange.label_studio_tasks import labelling_interface, write_label_studio_tasks
from wsss_core.exchange.palette_png import write_instance_pngs, write_palette_pngs
from wsss_core.settings.base import SettingsError
from wsss_core.stages.per_image import rows_of

SEGMENTER, ONNX = "segmenter", "onnx"
RowT = TypeVar("RowT")
Writer = Callable[[FinishedStage, Path], int]
"""Writes a stage's rows to a folder or file; returns the number of images."""

FORMATS = {
    "voc-png": "palette PNGs of label maps or instances",
    "coco-rle": "one JSON file, a mask per class",
    "coco-polygons": "the same as polygons",
    "label-studio": "tasks with brush masks, to correct by hand",
    "cvat": "XML with masks, to correct by hand",
    "coco": "one JSON file, a mask and score per instance",
    "psa-npy": "CAM dictionaries of PSA",
    "irn-npy": "CAM dictionaries of IRN",
    "fma-npz": "CAMs of one scale and their attention, as FMA-WSSS has them",
    "onnx": "a segmenter's network",
    "psa-crf-npy": "dictionaries of PSA with a background",
}


@click.command()
@click.argument("stage", metavar="EXPERIMENT/STAGE")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="; ".join(f"{name}: {text}" for name, text in FORMATS.items()) + ". Default: the first one of the kind.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder or file to write.")
@click.option(
    "--look",
    metavar="HEIGHTxWIDTH",
    help="Of onnx: resize every photograph to this before the network sees it. Default: 512x512 for mask2former, else "
    "the photograph's own size.",
)
def export(stage: str, form: str | None, out: Path, look: str | None) -> None:
    """Write the label maps, instances, CAMs or affinity labels of EXPERIMENT/STAGE, or its network, for other tools.

    Files are named after the image ids; characters that a file name cannot hold are written as %XX.
    """
    found = exported_stage(stage)
    if found.kind == SEGMENTER:
        _require_onnx(form)
        click.echo(export_onnx(found, out, look))
        return
    if look is not None:
        raise SettingsError(f"--look belongs to segmenters as {ONNX}; {stage} is of kind {found.kind}")
    with steady(found):
        count = writer_of(found, form)(found, out)
    click.echo(f"{found.kind} of {count} images of {found.experiment}/{found.name} written to {out}")


def exported_stage(reference: str) -> FinishedStage:
    """The finished stage that holds what can be exported. Raises `SettingsError` for a stage of another kind."""
    experiment, name = locate(reference)
    if name is None:
        raise SettingsError(
            f"expected EXPERIMENT/STAGE, found {reference!r}; add the stage to export, e.g. /predictions"
        )
    found = finished_stage(experiment / name)
    if found.kind not in (*WRITERS, SEGMENTER):
        raise SettingsError(
            f"expected a stage of kind {' or '.join((*WRITERS, SEGMENTER))}, but {reference!r} is of kind "
            f"{found.kind}, which cannot be exported"
        )
    return found


def writer_of(stage: FinishedStage, form: str | None) -> Writer:
    """What writes a stage in a format. Raises `SettingsError` for one that its kind does not have."""
    writers = WRITERS[stage.kind]
    chosen = form or next(iter(writers))
    if chosen not in writers:
        raise SettingsError(f"{stage.kind} can be exported as {' or '.join(writers)}, not as {chosen}")
    return writers[chosen]


def rows_of_type(stage: FinishedStage, kind: type[RowT]) -> Iterator[RowT]:
    """The stage's rows, one at a time."""
    return (row for row in rows_of(stage.folder, stage.kind) if isinstance(row, kind))


def _label_pngs(stage: FinishedStage, out: Path) -> int:
    return len(write_palette_pngs(rows_of_type(stage, LabelRow), out))


def _label_json(stage: FinishedStage, out: Path) -> int:
    manifest = manifest_of(stage)
    return write_coco_json(rows_of_type(stage, LabelRow), _records(manifest), manifest.classes, out)


def _label_polygons(stage: FinishedStage, out: Path) -> int:
    manifest = manifest_of(stage)
    return write_coco_json(rows_of_type(stage, LabelRow), _records(manifest), manifest.classes, out, polygons=True)


def _label_studio(stage: FinishedStage, out: Path) -> int:
    manifest = manifest_of(stage)
    model = f"wsss {stage.experiment}/{stage.name}"
    interface = out.with_suffix(".interface.xml")
    write_text(interface, labelling_interface(manifest.classes, voc_palette(len(manifest.classes))))
    click.echo(f"the project's labelling interface: {interface}")
    return write_label_studio_tasks(rows_of_type(stage, LabelRow), _records(manifest), manifest.classes, out, model)


def _cvat(stage: FinishedStage, out: Path) -> int:
    manifest = manifest_of(stage)
    return write_cvat_xml(rows_of_type(stage, LabelRow), _records(manifest), manifest.classes, out)


def _records(manifest: Manifest) -> dict[str, ImageRecord]:
    return {record.image_id: record for record in manifest.records}


def _instance_pngs(stage: FinishedStage, out: Path) -> int:
    return len(write_instance_pngs(rows_of_type(stage, InstanceRow), out))


def _instance_json(stage: FinishedStage, out: Path) -> int:
    manifest = manifest_of(stage)
    return write_coco_json(rows_of_type(stage, InstanceRow), _records(manifest), manifest.classes, out)


_OF_LABELS: Mapping[str, Writer] = {
    "voc-png": _label_pngs,
    "coco-rle": _label_json,
    "coco-polygons": _label_polygons,
    "label-studio": _label_studio,
    "cvat": _cvat,
}
_OF_CAMS: Mapping[str, Writer] = {"psa-npy": psa_cams, "irn-npy": irn_cams, "fma-npz": fma_cams}
WRITERS: Mapping[str, Mapping[str, Writer]] = {
    "seeds": _OF_LABELS,
    "predictions": _OF_LABELS,
    "instances": {"voc-png": _instance_pngs, "coco": _instance_json},
    "cams": _OF_CAMS,
    "refined_cams": {**_OF_CAMS, "psa-crf-npy": psa_cams_with_background},
    "affinity_labels": {"psa-crf-npy": crf_pairs, "voc-png": ir_label_pngs},
}
"""Kind of stage -> format -> what writes it."""


def _require_onnx(form: str | None) -> None:
    if form not in (None, ONNX):
        raise SettingsError(f"{SEGMENTER} can be exported as {ONNX}, not as {form}")


def manifest_of(stage: FinishedStage) -> Manifest:
    """The manifest of the stage's data."""
    inputs = stage.about.get("inputs")
    if not isinstance(inputs, dict) or "data" not in inputs:
        raise SettingsError(f"{stage.folder}/stage.json does not say which data stage was used; run the stage again")
    return Manifest.read(stage.folder.parent.parent / str(inputs["data"]))
