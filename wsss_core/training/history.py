"""The figures of a training over time: rows of plain values, as JSON lines and as CSV."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from wsss_core.artifacts.atomic import write_text

JSONL_NAME = "history.jsonl"
CSV_NAME = "history.csv"

Value = float | int | str | None | Mapping[str, float | None]
HistoryRow = Mapping[str, Value]
"""`kind` "step": means since the row before (loss and logs), lr, images_per_s. `kind` "epoch": means over the epoch and
the validation's figures with the prefix `val_`. Both: epoch (completed, may be broken), step (completed), time_s
(training time so far, over all runs)."""


def to_jsonl(rows: Sequence[HistoryRow]) -> str:
    """One JSON object per line, keys in the order in which they were set."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def from_jsonl(text: str) -> list[HistoryRow]:
    """Rows written by `to_jsonl`."""
    return [json.loads(line) for line in text.splitlines() if line]


def to_csv(rows: Sequence[HistoryRow]) -> str:
    """The rows as CSV; a mapping becomes one column per key (`val_ap.cat`), absent values are empty."""
    flat = [flatten(row) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def flatten(row: HistoryRow) -> dict[str, float | int | str | None]:
    """The row with mappings spread over `name.key` columns."""
    flat: dict[str, float | int | str | None] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            flat[name] = value
    return flat


def publish(rows: Sequence[HistoryRow], folder: Path) -> None:
    """Write `history.jsonl` and `history.csv` into `folder`, each atomically."""
    write_text(folder / CSV_NAME, to_csv(rows))
    write_text(folder / JSONL_NAME, to_jsonl(rows))


def read(folder: Path) -> list[HistoryRow]:
    """The published history of a training stage."""
    path = folder / JSONL_NAME
    if not path.is_file():
        raise FileNotFoundError(f"history {path} does not exist; run the training stage first")
    return from_jsonl(path.read_text(encoding="utf-8"))


class RunningMeans:
    """Means of named figures since the last reset. Its `state` is kept with the training's."""

    def __init__(self, state: Mapping[str, Sequence[float]] | None = None) -> None:
        self._sums = {name: (float(total), int(count)) for name, (total, count) in (state or {}).items()}

    @property
    def state(self) -> dict[str, tuple[float, int]]:
        """Sum and count per name."""
        return dict(self._sums)

    def add(self, figures: Mapping[str, float]) -> None:
        """Add one value per name."""
        for name, value in figures.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    def take(self) -> dict[str, float]:
        """The means, and start anew."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means
