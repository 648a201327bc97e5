"""The CSV table of tags: columns `file`, `tags` (separated by `;`), and optionally `split`."""

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wsss_core.data.faults import DataError
from wsss_core.settings.paths import where_it_leads

SEPARATOR = ";"
_REQUIRED = ("file", "tags")


@dataclass(frozen=True)
class TaggedFile:
    """One image: `file` relative to the image folder (`/` between folders), tags, splits, and where it is listed."""

    file: str
    tags: tuple[str, ...]
    splits: tuple[str, ...]
    where: str


def read_tag_table(path: Path, images: Path) -> list[TaggedFile]:
    """Rows of the table in order. Empty and repeated tags are dropped, and spaces around names, unless a file in the
    folder `images` is called so, spaces and all.

    Raises `DataError` for a missing file, another encoding than UTF-8, missing columns, too many cells, an empty
    file name, and a path that leaves the image folder.
    """
    if not path.is_file():
        raise DataError(
            f"{where_it_leads(path)}: expected a CSV table of tags, found no file. To do: correct the setting `tags`."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            _check_columns(path, reader.fieldnames)
            return [_entry(path, images, reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected UTF-8 text, found other bytes ({error}). To do: save it as UTF-8."
        ) from error
    except csv.Error as error:
        raise DataError(f"{path}: expected CSV, found a broken line ({error}). To do: check its quotes.") from error


def _check_columns(path: Path, found: object) -> None:
    names = list(found) if isinstance(found, list | tuple) else []
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        header = ",".join(map(str, names)) or "nothing"
        raise DataError(
            f"{path}: expected the columns file,tags in the first line, found {header}. "
            "To do: add the header `file,tags`."
        )


def _entry(path: Path, images: Path, line: int, row: dict[str | None, str | list[str] | None]) -> TaggedFile:
    where = f"{path}, line {line}"
    if None in row:
        raise DataError(f"{where}: expected one cell per column, found more. To do: separate tags by `{SEPARATOR}`.")
    cells = {key: value for key, value in row.items() if key is not None and isinstance(value, str)}
    file = _file_name(cells.get("file", ""), images)
    steps = PurePosixPath(file)
    if not file:
        raise DataError(f"{where}: expected a file name, found an empty cell. To do: fill or remove the line.")
    if steps.is_absolute() or ".." in steps.parts:
        raise DataError(
            f"{where}: expected a path inside the image folder, found {file!r}. To do: write it relative to `images`."
        )
    return TaggedFile(str(steps), _words(cells.get("tags", "")), _words(cells.get("split", "")), where)


def _file_name(cell: str, images: Path) -> str:
    """The cell without spaces around it, or as it is where a file is called so: CSV files are written both ways."""
    stripped = cell.strip()
    return cell if cell != stripped and stripped and existing_path(images, cell).is_file() else stripped


def _words(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in cell.split(SEPARATOR) if word.strip()))


def existing_path(root: Path, relative: str) -> Path:
    """`root`/`relative`, or the same name in another Unicode form if only that exists.

    Tables and disks disagree on how accents are stored (one sign or letter plus accent) when files come from macOS.
    """
    forms = (relative, unicodedata.normalize("NFC", relative), unicodedata.normalize("NFD", relative))
    return next((root / form for form in forms if (root / form).is_file()), root / relative)
