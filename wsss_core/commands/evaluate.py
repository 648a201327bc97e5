"""`wsss evaluate`: the score of any folder of label PNGs, made by this package or not."""

import math
from pathlib import Path

import click

from wsss_core.artifacts.atomic import write_text
from wsss_core.commands.folder_scores import FolderScores, all_ids, find_pairs, score
from wsss_core.commands.text_table import csv_table, text_table
from wsss_core.data.voc import read_id_list
from wsss_core.label_ids import MAX_CLASSES, RESERVED, with_reserved, without_reserved
from wsss_core.settings.base import SettingsError
from wsss_core.settings.data import BACKGROUND, VOC_CLASSES

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("predictions", type=_FOLDER)
@click.option("--truth", type=_FOLDER, required=True, help="Folder of ground-truth label PNGs with the same names.")
@click.option("--list", "list_file", type=_FOLDER, help="File with the image ids to score; default: all of --truth.")
@click.option(
    "--classes",
    metavar="N|FILE",
    help="Number of foreground classes, or a file with their names, one a line; default: the 20 classes of VOC.",
)
@click.option("--boundary", is_flag=True, help="Also score the boundaries (boundary IoU, Cheng et al., CVPR 2021).")
@click.option("--csv", "csv_file", type=_FOLDER, help="Also write the table to this file.")
def evaluate(
    predictions: Path, truth: Path, list_file: Path | None, classes: str | None, boundary: bool, csv_file: Path | None
) -> None:
    """Score the label PNGs of the folder PREDICTIONS: IoU per class pooled over all pixels, and their mean.

    Label ids: 0 background, 1..N classes, 255 ignore (in the truth) or no answer (in a prediction, counted as wrong).
    """
    names = (BACKGROUND, *class_names(classes))
    ids = all_ids(truth) if list_file is None else read_id_list(list_file)
    scores = score(find_pairs(ids, truth, predictions), len(names), boundary)
    head, rows = _table(names, scores)
    click.echo(text_table(head, rows, right=head[1:]))
    click.echo(f"\n{scores.images} images, mIoU {_percent(scores.miou)}")
    if csv_file is not None:
        write_text(csv_file, csv_table(head, rows))


def class_names(given: str | None) -> tuple[str, ...]:
    """Foreground class names from a number, a file of names (a first line "background" is skipped) or None (VOC)."""
    if given is None:
        return VOC_CLASSES
    if given.isdigit():
        names = tuple(f"class {label}" for label in range(1, int(given) + 1))
    else:
        path = Path(given)
        if not path.is_file():
            raise SettingsError(f"--classes: expected a number or a file of class names, found {given!r}")
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
        names = without_reserved(line for line in lines if line and line != BACKGROUND)
    if not 1 <= len(names) <= MAX_CLASSES:
        raise SettingsError(f"--classes: expected 1 to {MAX_CLASSES} foreground classes, found {len(names)}")
    return with_reserved(names)


def _table(names: tuple[str, ...], scores: FolderScores) -> tuple[list[str], list[list[str]]]:
    head = ["class", "IoU"]
    columns = [[*scores.iou_K.tolist(), scores.miou]]
    if scores.boundary_K is not None and scores.boundary_miou is not None:
        head.append("boundary IoU")
        columns.append([*scores.boundary_K.tolist(), scores.boundary_miou])
    rows = [[name, *map(_percent, values)] for name, *values in zip([*names, "mean"], *columns, strict=True)]
    return head, [row for row in rows if row[0] not in RESERVED.values()]


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"
