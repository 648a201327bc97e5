"""What is compiled must be the C++ source beside it, since results are filed under that source's fingerprint."""

import hashlib
from pathlib import Path


def remedy(folder: Path) -> str:
    """What to do when the compiled part of a room, such as `wsss_core/dense_crf`, is missing or of another source."""
    return f"run `make env`, or `python setup.py build_ext --inplace` in {folder.parents[1]}; both need a C++ compiler"


def require_same_source(digest: str, folder: Path, what: str) -> None:
    """Raises `ImportError` unless `digest` (SHA-256, hexadecimal) is that of the C++ files in the folder.

    setup.py, which compiles the digest in, takes it over the same files in this order. `what` is compiled, in words.
    """
    files = sorted([*folder.glob("*.cpp"), *folder.glob("*.h")])
    if digest != hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest():
        raise ImportError(f"expected {what} compiled from the C++ files in {folder}, found others: {remedy(folder)}")
