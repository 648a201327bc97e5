"""Removal of what an earlier run with more parts left behind, so that a folder of parts holds one result only."""

from collections.abc import Iterable
from pathlib import Path


def remove_stale_parts(folder: Path, kept: Iterable[str]) -> tuple[Path, ...]:
    """Delete parts of the stage in `folder`, and their measurements, whose number ("00003") is not in `kept`.

    They stem from a run with another part size or with more splits; who reads all parts of a folder would get images
    twice. Returns the deleted files.
    """
    wanted = set(kept)
    found = [*folder.glob("parts/*.arrow"), *folder.glob("stats/*.json")]
    stale = tuple(sorted(path for path in found if path.stem not in wanted))
    for path in stale:
        path.unlink()
    return stale
