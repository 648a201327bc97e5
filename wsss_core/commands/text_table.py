"""Tables for the terminal, for Markdown and as CSV."""

import csv
import io
import unicodedata
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def text_table(head: Sequence[str], rows: Rows, right: Sequence[str] = ()) -> str:
    """Columns aligned with spaces; columns whose heads are in `right` are aligned to the right."""
    widths = [max(_width(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_line(row, widths, [name in right for name in head]) for row in [head, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> str:
    cells = []
    for cell, width, right in zip(row, widths, to_right, strict=True):
        space = " " * (width - _width(cell))
        cells.append(space + cell if right else cell + space)
    return "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide East Asian letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text
    )


def markdown_table(head: Sequence[str], rows: Rows, right: Sequence[str] = ()) -> str:
    """A Markdown table; pipes in cells are escaped."""
    rule = ["---:" if name in right else "---" for name in head]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in [head, rule, *rows])


def csv_table(head: Sequence[str], rows: Rows) -> str:
    """The table as CSV with a line of heads."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([head, *rows])
    return buffer.getvalue()
