"""Is a file on disk the one that was published?"""

import hashlib
from pathlib import Path

from wsss_core.download.public_files import PublicFile


def fault_of(path: Path, file: PublicFile) -> str | None:
    """What is wrong with the file at `path`, or None: of size, SHA-256 and MD5 what is known."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"expected {file.size} bytes, found {size}"
    for name, expected in (("sha256", file.sha256), ("md5", file.md5)):
        if expected is not None and not (found := _digest(path, name)).startswith(expected):
            return f"expected {name} {expected}, found {found}"
    return None


def what_is_checked(file: PublicFile) -> str:
    """In words, what `fault_of` compares."""
    known = [name for name in ("size", "sha256", "md5") if getattr(file, name) is not None]
    return " and ".join(known) or "nothing: no size or checksum is published"


def _digest(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, name).hexdigest()
