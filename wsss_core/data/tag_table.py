"""The CSV table of tags: columns `file`, `tags` (separated by `;`), and optionally `split`.

Other usual headers are understood, too, tables with one column of 0 and 1 per class in place of `tags`, and columns
that semicolons or tabs part, as spreadsheets write them in many countries.
"""

import csv
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wsss_core.data.faults import DataError
from wsss_core.settings.paths import where_it_leads

SEPARATOR = ";"
COMMA = ","
OTHER_SEPARATORS = (COMMA, "|", "/", "+", "&")
DELIMITERS = (COMMA, ";", "\t")
"""Between columns; the first that the first line has."""
FILE_COLUMNS = ("file", "filename", "file_name", "image", "path")
TAG_COLUMNS = ("tags", "labels", "tag", "label", "class", "classes")
_ARCHIVE = b"PK\x03\x04"
"""What the files of Excel and LibreOffice begin with."""
_YES_OR_NO = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False, "": False}

NamedBox = tuple[float, float, float, float, str]
"""x0, y0, x1, y1 in pixels with exclusive ends, and the class."""


@dataclass(frozen=True)
class TaggedFile:
    """One image: `file` relative to the image folder (`/` between folders), tags, splits, where it is listed, boxes.

    `tags` None: the classes of its truth mask.
    """

    file: str
    tags: tuple[str, ...] | None
    splits: tuple[str, ...]
    where: str
    boxes: tuple[NamedBox, ...] = ()


@dataclass(frozen=True)
class _Columns:
    """Names of the columns: of files, of tags (None: each class has a column of its own), and those of the classes."""

    file: str
    tags: str | None
    classes: tuple[str, ...]
    separator: str
    """Between tags and splits where there is no `;`: a comma in tables whose columns semicolons part, in quotes or not,
    so names with commas need columns that commas or tabs part."""


def read_tag_table(path: Path, images: Path) -> list[TaggedFile]:
    """Rows of the table in order. Empty and repeated tags are dropped, and spaces around names, unless a file in the
    folder `images` is called so, spaces and all.

    Raises `DataError` for a missing file, another encoding than UTF-8, missing columns, too many cells, an empty
    file name, a path that leaves the image folder, and tags that other signs seem to part.
    """
    if not path.is_file():
        raise DataError(
            f"{where_it_leads(path)}: expected a CSV table of tags, found no file. To do: correct the setting `tags`."
        )
    with path.open("rb") as file:
        if file.read(len(_ARCHIVE)) == _ARCHIVE:
            raise DataError(f"{path}: expected CSV, found a spreadsheet or an archive. To do: save it as `CSV UTF-8`.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            delimiter = _delimiter(stream.readline())
            stream.seek(0)
            reader = csv.DictReader(stream, strict=True, delimiter=delimiter)
            columns = _columns(path, reader.fieldnames, delimiter)
            found = [_entry(f"{path}, line {reader.line_num}", columns, images, row) for row in reader]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected UTF-8 text, found other bytes ({error}). To do: save it as `CSV UTF-8`."
        ) from error
    except csv.Error as error:
        raise DataError(f"{path}: expected CSV, found a broken line ({error}). To do: check its quotes.") from error
    if columns.tags is not None:  # names of columns are one class each, whatever is in them
        _refuse_other_separators(found)
    return found


def _delimiter(first_line: str) -> str:
    return next((sign for sign in DELIMITERS if sign in first_line), COMMA)


def _refuse_other_separators(entries: Sequence[TaggedFile]) -> None:
    """A name such as "cat, dog" is a class of its own, but hardly where images are tagged "cat" and others "dog"."""
    known = {tag for entry in entries for tag in entry.tags or ()}
    for entry in entries:
        for tag in entry.tags or ():
            for parts in ([part.strip() for part in tag.split(sign)] for sign in OTHER_SEPARATORS if sign in tag):
                if known.issuperset(parts):
                    raise DataError(
                        f"{entry.where}: expected tags separated by `{SEPARATOR}`, found {tag!r}, whose parts are "
                        f"tags, too. To do: write {SEPARATOR.join(parts)!r}."
                    )


def _columns(path: Path, found: Sequence[str] | None, delimiter: str) -> _Columns:
    """What the first line says. Raises `DataError` for a table without files, or without tags."""
    names = list(found or ())
    by_word = {name.strip().lower(): name for name in reversed(names)}
    file = next((by_word[word] for word in FILE_COLUMNS if word in by_word), None)
    tags = next((by_word[word] for word in TAG_COLUMNS if word in by_word), None)
    classes = tuple(name for name in names if name != file and name.strip().lower() != "split") if tags is None else ()
    if file is None or (tags is None and not classes):
        raise DataError(
            f"{path}: expected the columns file,tags in the first line, found {','.join(names) or 'nothing'}. "
            "To do: add the header `file,tags`, or `file` and one column of 0 and 1 for each class."
        )
    return _Columns(file, tags, classes, COMMA if delimiter == SEPARATOR else SEPARATOR)


def _entry(where: str, columns: _Columns, images: Path, row: Mapping[str | None, str | list[str] | None]) -> TaggedFile:
    if None in row:
        raise DataError(f"{where}: expected one cell per column, found more. To do: separate tags by `{SEPARATOR}`.")
    cells = {key: value for key, value in row.items() if key is not None and isinstance(value, str)}
    file = _file_name(cells.get(columns.file, ""), images)
    steps = PurePosixPath(file)
    if not file:
        raise DataError(f"{where}: expected a file name, found an empty cell. To do: fill or remove the line.")
    if steps.is_absolute() or ".." in steps.parts:
        raise DataError(
            f"{where}: expected a path inside the image folder, found {file!r}. To do: write it relative to `images`."
        )
    tags = (
        _words(cells.get(columns.tags, ""), columns.separator)
        if columns.tags
        else _marked(where, cells, columns.classes)
    )
    return TaggedFile(str(steps), tags, _words(cells.get("split", ""), columns.separator), where)


def _marked(where: str, cells: Mapping[str, str], classes: Sequence[str]) -> tuple[str, ...]:
    """The classes whose column says 1."""
    for name in classes:
        if cells.get(name, "").strip().lower() not in _YES_OR_NO:
            raise DataError(
                f"{where}: the table has no column `tags`, so each other column was taken for a class; expected 0 or 1 "
                f"in {name!r}, found {cells[name]!r}. To do: call the column of the tags `tags`, or remove {name!r}."
            )
    return tuple(name.strip() for name in classes if _YES_OR_NO[cells.get(name, "").strip().lower()])


def _file_name(cell: str, images: Path) -> str:
    """The cell without spaces around it, or as it is where a file is called so: CSV files are written both ways."""
    stripped = cell.strip()
    return cell if cell != stripped and stripped and existing_path(images, cell).is_file() else stripped


def _words(cell: str, separator: str = SEPARATOR) -> tuple[str, ...]:
    words = cell.split(SEPARATOR if SEPARATOR in cell else separator)
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def existing_path(root: Path, relative: str) -> Path:
    """`root`/`relative`, or the same name in another Unicode form if only that exists.

    Tables and disks disagree on how accents are stored (one sign or letter plus accent) when files come from macOS.
    """
    forms = (relative, unicodedata.normalize("NFC", relative), unicodedata.normalize("NFD", relative))
    return next((root / form for form in forms if (root / form).is_file()), root / relative)
