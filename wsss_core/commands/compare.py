"""`wsss compare`: the figures of experiments, stages and variants in one table."""

from collections.abc import Sequence
from pathlib import Path

import click

from wsss_core.artifacts.atomic import write_text
from wsss_core.commands.figures import EvaluatedStage, find_figures
from wsss_core.commands.places import locate
from wsss_core.commands.text_table import csv_table, markdown_table, text_table

FIGURES = {
    "miou": "mIoU",
    "subset_miou": "mIoU of the class subset",
    "boundary_iou": "boundary IoU",
    "ap50": "AP50 of instances",
    "ap70": "AP70 of instances",
}
"""Name in the evaluation's JSON -> name for people. All are shares, shown in per cent."""


@click.command()
@click.argument("references", nargs=-1, required=True, metavar="EXPERIMENT[/STAGE]|CONFIG...")
@click.option(
    "--figure", type=click.Choice(list(FIGURES)), default="miou", show_default=True, help="What the table shows."
)
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Also write the table to this file.")
def compare(references: tuple[str, ...], figure: str, markdown: bool, csv_file: Path | None) -> None:
    """Table the figures of experiments, or of single stages such as variants of one another.

    Rows are evaluated stages in the order of the chain, columns the splits they were evaluated on.
    """
    items = find_figures(references)
    head, rows = comparison(items, figure)
    numbers = head[-len(_splits(items)) :]
    click.echo(f"{FIGURES[figure]} in per cent\n")
    click.echo(markdown_table(head, rows, numbers) if markdown else text_table(head, rows, numbers))
    for line in _remarks(items, references):
        click.echo(f"\n{line}")
    if csv_file is not None:
        write_text(csv_file, csv_table(head, rows))


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


def _remarks(items: Sequence[EvaluatedStage], references: Sequence[str]) -> list[str]:
    """What has to be known when the figures are read, and where the reports are."""
    with_tags = list(dict.fromkeys(item.stage for item in items if item.figures.tags_used_as_input))
    lines = [f"The tags of the evaluated images are an input of: {', '.join(with_tags)}"] if with_tags else []
    lines += dict.fromkeys(f"{item.experiment}/{item.stage}: {note}" for item in items for note in item.figures.notes)
    reports = [path for reference in references for path in sorted(locate(reference)[0].glob("*/report.html"))]
    return lines + [f"Report: {path}" for path in dict.fromkeys(reports)]


def _figure(item: EvaluatedStage, split: str, name: str) -> float | None:
    figures = item.figures.splits.get(split)
    return None if figures is None else getattr(figures, name)


def _splits(items: Sequence[EvaluatedStage]) -> list[str]:
    return list(dict.fromkeys(split for item in items for split in item.figures.splits))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
