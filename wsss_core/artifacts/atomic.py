"""Files that are either complete or absent: written under a temporary name in the target folder, then renamed.

A reader, a restarted workflow or a second process never sees half a file, whatever kills the writer.
"""

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".*.partial"
"""Temporary names; such a file stays where its writer was killed or the power failed."""


class ArtifactError(RuntimeError):
    """A result could not be written or read; the text says which file, why, and what to do."""


def explain_fault(path: Path, error: OSError) -> ArtifactError:
    """The error that says which file cannot be written, why, and what to do."""
    if error.errno == errno.ENOSPC:
        remedy = "free some space and run again; what was finished before is kept"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "make the folder writable for this user, or choose another results folder"
    else:
        remedy = "mend the cause and run again; what was finished before is kept"
    return ArtifactError(f"cannot write {path}: {error.strerror or error}. To do: {remedy}.")


@contextmanager
def atomic_output(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync it and rename it to `path`, on failure remove it.

    Raises `ArtifactError` when the folder cannot be made or written (disk full, no permission).
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise explain_fault(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        _publish(temporary, path)
    except OSError as error:
        raise explain_fault(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def system_errors() -> Iterator[None]:
    """Within the block, the own error of a library that could not write becomes the `OSError` behind it.

    torch and safetensors tell of a full disk in errors of their own, which nobody would take for one.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        behind = _system_error_behind(error)
        if behind is None:
            raise
        raise behind from error


def _system_error_behind(error: BaseException) -> OSError | None:
    if isinstance(error.__context__, OSError):  # torch
        return error.__context__
    number = re.search(r"\(os error (\d+)\)", str(error))  # safetensors
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else None


def _publish(temporary: Path, path: Path) -> None:
    os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files only their owner can read
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else the rename itself may be lost with the power
    finally:
        os.close(folder)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_output(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as indented JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
