"""Archives of data sets, unpacked into the folders where configurations look for them."""

import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

_MARK = ".unpacked"


def unpack(archive: Path, folders: Mapping[str, str], root: Path) -> int:
    """Unpack `folders` (in the archive -> below `root`) of a tar or zip file; number of files written.

    Only plain files are written, and none outside of its folder. What is complete already is left alone. Raises
    ValueError for a file that is no archive.
    """
    waiting = {inside: root / outside for inside, outside in folders.items() if not _is_done(archive, root / outside)}
    count = 0
    for name, stream in _members(archive) if waiting else ():
        for inside, outside in waiting.items():
            path = PurePosixPath(name)
            if path.is_relative_to(inside) and ".." not in path.parts:
                target = outside / path.relative_to(inside)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(stream, file)
                count += 1
    for outside in waiting.values():
        outside.mkdir(parents=True, exist_ok=True)
        (outside / _MARK).write_text(archive.name + "\n", encoding="utf-8")
    return count


def _is_done(archive: Path, folder: Path) -> bool:
    mark = folder / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8").strip() == archive.name


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                if not info.is_dir():
                    with file.open(info) as stream:
                        yield info.filename, stream
        return
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content
    except tarfile.TarError as error:
        raise ValueError(f"{archive}: expected a tar or zip archive, found another file ({error})") from error
