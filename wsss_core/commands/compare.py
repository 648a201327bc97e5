"""`wsss compare`: the figures of experiments, stages and variants in one table."""

from collections.abc import Sequence
from pathlib import Path

import click

from wsss_core.artifacts.atomic import write_text
from wsss_core.artifacts.manifest import Manifest
from wsss_core.commands import combinations
from wsss_core.commands.export import manifest_of
from wsss_core.commands.figures import EvaluatedStage, find_figures
from wsss_core.commands.places import finished_stages, locate
from wsss_core.commands.text_table import csv_table, markdown_table, text_table
from wsss_core.report.compare_page import Chart, Point, Table, charts, image_cards, render
from wsss_core.report.gallery import PICTURED_KINDS, Card
from wsss_core.report.stages import StageFacts, in_order, read_facts
from wsss_core.settings.base import SettingsError, nearest

FIGURES = {
    "miou": "mIoU",
    "subset_miou": "mIoU of the class subset",
    "boundary_iou": "boundary IoU",
    "miou_by_instance": "mIoU weighted by instances",
    "ap50": "AP50 of instances",
    "ap70": "AP70 of instances",
}
"""Name in the evaluation's JSON -> name for people. All are shares, shown in per cent."""
WORDS = ("experiment", "evaluation", "stage", "kind", "maps")
"""Columns of words; the others hold figures."""


@click.command()
@click.argument("references", nargs=-1, required=True, metavar="EXPERIMENT[/STAGE]|CONFIG...")
@click.option(
    "--figure", type=click.Choice(list(FIGURES)), default="miou", show_default=True, help="What the table shows."
)
@click.option(
    "--matrix",
    metavar="SPLIT",
    help="A table of combinations on this split: rows are maps, columns what made labels and predictions from them.",
)
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Also write the table to this file.")
@click.option(
    "--page", type=click.Path(path_type=Path), help="Also write an HTML page, with images through all stages."
)
@click.option("--images", type=click.IntRange(0, 200), default=12, show_default=True, help="Images of the page.")
def compare(
    references: tuple[str, ...],
    figure: str,
    matrix: str | None,
    markdown: bool,
    csv_file: Path | None,
    page: Path | None,
    images: int,
) -> None:
    """Table the figures of experiments, or of single stages such as variants of one another.

    Rows are evaluated stages in the order of the chain, columns the splits they were evaluated on. With --matrix, rows
    are maps and columns the ways of making labels and predictions from them.
    """
    items = find_figures(references)
    table = _table(items, figure) if matrix is None else _matrix(references, items, figure, matrix)
    numbers = [name for name in table.head if name not in WORDS]
    click.echo(f"{table.figure} in per cent\n")
    click.echo((markdown_table if markdown else text_table)(table.head, table.rows, numbers))
    for line in [*_remarks(items), *_reports(references)]:
        click.echo(f"\n{line}")
    if csv_file is not None:
        write_text(csv_file, csv_table(table.head, table.rows))
    if page is not None:
        write_text(page, _page(references, items, table, images))
        click.echo(f"\nPage: {page}")


def _page(references: Sequence[str], items: Sequence[EvaluatedStage], table: Table, images: int) -> str:
    experiments = list(dict.fromkeys(locate(reference)[0] for reference in references))
    notes = _remarks(items)
    cards: list[Card] = []
    legend: list[tuple[str, str, str]] = []
    try:
        manifest, stages = pictured(experiments)
        cards, legend = image_cards(manifest, stages, images)
    except SettingsError as error:
        notes.append(f"No images: {error}")
    title = ", ".join(path.name for path in experiments)
    return render(title, table, notes, cards, legend)


def _table(items: Sequence[EvaluatedStage], figure: str) -> Table:
    head, rows = comparison(items, figure)
    return Table(FIGURES[figure], head, rows, len(_splits(items)), charts(FIGURES[figure], _points(items, figure)))


def _points(items: Sequence[EvaluatedStage], figure: str) -> list[Point]:
    """Figures in percent; a stage that several evaluations looked at has theirs in its name."""
    evaluations: dict[tuple[str, str], set[str]] = {}
    for item in items:
        evaluations.setdefault((item.experiment, item.stage), set()).add(item.evaluation)
    points = []
    for item in items:
        several = len(evaluations[item.experiment, item.stage]) > 1
        name = f"{item.stage} ({item.evaluation})" if several else item.stage
        for split in item.figures.splits:
            share = _figure(item, split, figure)
            points.append(Point(item.experiment, name, split, None if share is None else 100 * share))
    return points


def _matrix(references: Sequence[str], items: Sequence[EvaluatedStage], figure: str, split: str) -> Table:
    if split not in _splits(items):
        raise SettingsError(f"no figures of a split {split!r}; {nearest(split, _splits(items))}")
    results = locate(references[0])[0].parent
    cells = [
        combinations.Cell(combination, _figure(item, split, figure))
        for item in items
        if (combination := combinations.combination_of(results, item.ref)) is not None
    ]
    head, rows = combinations.table(cells)
    title = f"{FIGURES[figure]} on {split}"
    drawn = Chart(f"{title}, in percent", combinations.maps_of(cells), combinations.bars(cells))
    return Table(title, head, rows, len(head) - 1, [drawn])


def pictured(experiments: Sequence[Path]) -> tuple[Manifest, list[StageFacts]]:
    """The images that all experiments work on, and their stages, upstream first in each.

    Raises `SettingsError` for experiments on different images or classes.
    """
    found: list[StageFacts] = []
    first: Manifest | None = None
    for experiment in experiments:
        own = [stage for stage in finished_stages(experiment) if stage.kind in PICTURED_KINDS]
        name = experiment.name if len(experiments) == 1 else ""  # of several: "experiment/stage"
        found += in_order(read_facts(stage.folder, name) for stage in own)
        for stage in own:
            manifest = manifest_of(stage)
            first = first or manifest
            if (manifest.classes, _ids(manifest)) != (first.classes, _ids(first)):
                raise SettingsError("the experiments work on different images or classes")
    if first is None:
        raise SettingsError("there is no stage of maps or labels")
    return first, found


def _ids(manifest: Manifest) -> tuple[str, ...]:
    return tuple(record.image_id for record in manifest.records)


def comparison(items: Sequence[EvaluatedStage], figure: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table. A column that would say the same in every row is left out, except stage and kind."""
    splits = _splits(items)
    columns: dict[str, list[str]] = {}
    for name in ("experiment", "evaluation", "stage", "kind"):
        values = [str(getattr(item, name)) for item in items]
        if name in ("stage", "kind") or len(set(values)) > 1:
            columns[name] = values
    for split in splits:
        columns[split] = [_percent(_figure(item, split, figure)) for item in items]
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _remarks(items: Sequence[EvaluatedStage]) -> list[str]:
    """What has to be known when the figures are read."""
    with_tags = list(dict.fromkeys(item.stage for item in items if item.figures.tags_used_as_input))
    lines = [f"The tags of the evaluated images are an input of: {', '.join(with_tags)}"] if with_tags else []
    return [
        *lines,
        *dict.fromkeys(f"{item.experiment}/{item.stage}: {note}" for item in items for note in item.figures.notes),
    ]


def _reports(references: Sequence[str]) -> list[str]:
    """Where the reports are."""
    reports = [path for reference in references for path in sorted(locate(reference)[0].glob("*/report.html"))]
    return [f"Report: {path}" for path in dict.fromkeys(reports)]


def _figure(item: EvaluatedStage, split: str, name: str) -> float | None:
    figures = item.figures.splits.get(split)
    return None if figures is None else getattr(figures, name)


def _splits(items: Sequence[EvaluatedStage]) -> list[str]:
    return list(dict.fromkeys(split for item in items for split in item.figures.splits))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
