"""Charts and tables of the figures, and how numbers are printed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wsss_core.report.charts import Bars, Series, bar_chart, line_chart
from wsss_core.report.figures import SplitFigures, StageFigures

DASH = "–"


@dataclass(frozen=True)
class HeadlineRow:
    """One row of the headline table; `first`: number of rows its stage spans, 0 in all but the stage's first."""

    stage: StageFigures
    figures: SplitFigures
    expected: float | None
    first: int


@dataclass(frozen=True)
class ClassTable:
    """IoU in 0..1 per class (rows) and stage (columns) of one split."""

    split: str
    stages: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]


def percent(value: float | None) -> str:
    """A share 0..1 as percent with one decimal; a dash for None and NaN."""
    return DASH if value is None or math.isnan(value) else f"{100 * value:.1f}"


def signed(value: float | None) -> str:
    """A difference of shares in points of percent with its sign; a dash for None."""
    return DASH if value is None else f"{100 * value:+.1f}"


def plain(value: float | None, digits: int = 3) -> str:
    """A number with that many significant digits; a dash for None."""
    return DASH if value is None or math.isnan(value) else f"{value:.{digits}g}"


def duration(seconds: float | None) -> str:
    """Seconds as "8.2 s", "4 min 5 s" or "2 h 10 min"; a dash for None."""
    if seconds is None:
        return DASH
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def memory(megabytes: float | None) -> str:
    """Megabytes (10^6 bytes) as MB or GB; a dash for None."""
    if megabytes is None:
        return DASH
    return f"{megabytes:.0f} MB" if round(megabytes) < 1000 else f"{megabytes / 1000:.1f} GB"


def split_names(figures: Sequence[StageFigures]) -> list[str]:
    """All evaluated splits in order of first appearance."""
    return list(dict.fromkeys(split for entry in figures for split in entry.splits))


def headline_rows(figures: Sequence[StageFigures], expected: Mapping[str, Mapping[str, float]]) -> list[HeadlineRow]:
    """Rows of the headline table; `expected` in percent becomes a share."""
    rows = []
    for entry in figures:
        for place, split in enumerate(entry.splits.values()):
            wanted = expected.get(entry.stage, {}).get(split.split)
            share = None if wanted is None else wanted / 100
            rows.append(HeadlineRow(entry, split, share, 0 if place else len(entry.splits)))
    return rows


def headline_chart(figures: Sequence[StageFigures]) -> str:
    """Bars of the mIoU per stage, one colour per split; empty when nothing was evaluated."""
    if not figures:
        return ""
    bars = [Bars(split, [_miou(entry, split) for entry in figures]) for split in split_names(figures)]
    return bar_chart("mIoU per stage and split, in percent", "mIoU (%)", [entry.stage for entry in figures], bars)


def _miou(entry: StageFigures, split: str) -> float | None:
    figures = entry.splits.get(split)
    return None if figures is None or figures.miou is None else 100 * figures.miou


def threshold_charts(figures: Sequence[StageFigures]) -> list[str]:
    """One chart per stage with a threshold: mIoU over the threshold per split, the reported one marked."""
    charts = []
    for entry in figures:
        lines = [line for split in entry.splits.values() if (line := _curve(split)) is not None]
        if lines:
            charts.append(line_chart(entry.stage, "background threshold", "mIoU (%)", lines))
    return charts


def _curve(split: SplitFigures) -> Series | None:
    if split.curve is None:
        return None
    thresholds, values = split.curve
    mark = None if split.threshold is None or split.miou is None else (split.threshold, 100 * split.miou)
    return Series(split.split, thresholds, [100 * value for value in values], mark)


def class_tables(figures: Sequence[StageFigures]) -> list[ClassTable]:
    """Per split: IoU of every class at every stage; classes that no stage has a figure of are left out."""
    tables = []
    for split in split_names(figures):
        here = [entry for entry in figures if split in entry.splits]
        names = dict.fromkeys(name for entry in here for name in entry.splits[split].iou_per_class)
        rows = [(name, tuple(entry.splits[split].iou_per_class.get(name) for entry in here)) for name in names]
        known = tuple(row for row in rows if any(value is not None for value in row[1]))
        tables.append(ClassTable(split, tuple(entry.stage for entry in here), known))
    return tables


def node_figure(entry: StageFigures | None) -> str:
    """The line of a stage's node in the graph: the mIoU of its first two splits, of instances AP50 of the first."""
    if entry is None:
        return ""
    for split, figures in entry.splits.items():
        if figures.ap50 is not None:
            return f"{split} AP50 {percent(figures.ap50)}"
    shown = [f"{split} {percent(figures.miou)}" for split, figures in entry.splits.items()]
    return " · ".join(shown[:2])
