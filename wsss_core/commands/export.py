"""`wsss export`: a stage's label maps in the formats that other tools read."""

from collections.abc import Iterator
from pathlib import Path

import click

from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.commands.places import FinishedStage, finished_stage, locate
from wsss_core.exchange.coco_rle import write_coco_json
from wsss_core.exchange.palette_png import write_palette_pngs
from wsss_core.settings.base import SettingsError
from wsss_core.stages.per_image import rows_of

EXPORTED_KINDS = ("seeds", "predictions")


@click.command()
@click.argument("stage", metavar="EXPERIMENT/STAGE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["voc-png", "coco-rle"]),
    default="voc-png",
    show_default=True,
    help="voc-png: a folder with one palette PNG per image; coco-rle: one JSON file.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder (voc-png) or file (coco-rle) to write."
)
def export(stage: str, form: str, out: Path) -> None:
    """Write the label maps of EXPERIMENT/STAGE (kind seeds or predictions) as VOC PNGs or COCO RLE.

    Files are named after the image ids; characters that a file name cannot hold are written as %XX.
    """
    found = exported_stage(stage)
    if form == "voc-png":
        count = len(write_palette_pngs(label_rows(found), out))
    else:
        count = write_coco_json(label_rows(found), manifest_of(found).classes, out)
    click.echo(f"{count} label maps of {found.experiment}/{found.name} written to {out}")


def exported_stage(reference: str) -> FinishedStage:
    """The finished stage that holds label maps. Raises `SettingsError` for a stage of another kind."""
    experiment, name = locate(reference)
    if name is None:
        raise SettingsError(
            f"expected EXPERIMENT/STAGE, found {reference!r}; add the stage to export, e.g. /predictions"
        )
    found = finished_stage(experiment / name)
    if found.kind not in EXPORTED_KINDS:
        raise SettingsError(
            f"expected a stage of kind {' or '.join(EXPORTED_KINDS)}, but {reference!r} is of kind {found.kind}; "
            "only label maps can be exported"
        )
    return found


def label_rows(stage: FinishedStage) -> Iterator[LabelRow]:
    """The stage's label maps, one at a time."""
    return (row for row in rows_of(stage.folder, stage.kind) if isinstance(row, LabelRow))


def manifest_of(stage: FinishedStage) -> Manifest:
    """The manifest of the stage's data."""
    inputs = stage.about.get("inputs")
    if not isinstance(inputs, dict) or "data" not in inputs:
        raise SettingsError(f"{stage.folder}/stage.json does not say which data stage was used; run the stage again")
    return Manifest.read(stage.folder.parent.parent / str(inputs["data"]))
