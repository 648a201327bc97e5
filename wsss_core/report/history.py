"""Training curves: one chart per figure of a training's history, losses first."""

from collections.abc import Sequence
from pathlib import Path

from wsss_core.report.charts import Series, line_chart
from wsss_core.training.history import JSONL_NAME, HistoryRow, read

PLACES = ("epoch", "step", "time_s", "kind")
DURATIONS = ("step_s", "val_s")  # `images_per_s` says the same
VALIDATION = "val_"
FIRST_WORDS = ("loss", "map", "iou", "accuracy")
LAST_NAMES = ("lr", "images_per_s")
MOST_CHARTS = 6
FEWEST_POINTS = 2
MOST_POINTS = 300


def charts_of(folder: Path | str) -> list[str]:
    """Charts of the training in `folder`; none when the stage is not a training."""
    return training_charts(read(Path(folder))) if (Path(folder) / JSONL_NAME).is_file() else []


def training_charts(rows: Sequence[HistoryRow]) -> list[str]:
    """SVG charts of at most six figures over the epochs; a figure and its validation share a chart."""
    names = list(dict.fromkeys(name for row in rows for name in row if name not in (*PLACES, *DURATIONS)))
    found = {name: line for name in names if len((line := _line(name, rows)).x) >= FEWEST_POINTS}
    own = sorted((name for name in found if not _is_paired(name, found)), key=_rank)
    return [_chart(name, found) for name in own[:MOST_CHARTS]]


def _is_paired(name: str, found: dict[str, Series]) -> bool:
    return name.startswith(VALIDATION) and name.removeprefix(VALIDATION) in found


def _chart(name: str, found: dict[str, Series]) -> str:
    lines = [found[other] for other in (name, VALIDATION + name) if other in found]
    return line_chart(name, "epoch", "", lines)  # the title says what runs up


def _line(name: str, rows: Sequence[HistoryRow]) -> Series:
    """The figure over the epochs, from the closer rows between epochs where they have it."""
    points = [
        (row.get("kind"), place, value)
        for row in rows
        if (value := _number(row.get(name))) is not None and (place := _number(row.get("epoch"))) is not None
    ]
    steps = [point for point in points if point[0] == "step"]
    chosen = steps if len(steps) >= FEWEST_POINTS else [point for point in points if point[0] != "step"]
    every = max(1, -(-len(chosen) // MOST_POINTS))
    return Series(name, [x for _, x, _ in chosen[::every]], [y for _, _, y in chosen[::every]])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _rank(name: str) -> tuple[int, str]:
    if name in LAST_NAMES:
        return len(FIRST_WORDS) + 1, name
    lower = name.lower()
    return next((place for place, word in enumerate(FIRST_WORDS) if word in lower), len(FIRST_WORDS)), name
