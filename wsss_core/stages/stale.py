"""Removal of what earlier runs left behind, so that a stage's folder holds one result only."""

from collections.abc import Iterable
from pathlib import Path

from wsss_core.artifacts.atomic import UNFINISHED
from wsss_core.stages.provenance import FILE_NAME as STAGE_FILE

FIGURE_ENDINGS = (".json", ".images.csv")


def remove_stale_parts(folder: Path, kept: Iterable[str]) -> tuple[Path, ...]:
    """Delete parts of the stage in `folder`, and their measurements, whose number ("00003") is not in `kept`.

    They stem from a run with another part size or with more splits; who reads all parts of a folder would get images
    twice. Unfinished files go, too: call this when no job of the stage runs any more. Returns the deleted files.
    """
    wanted = set(kept)
    found = [*folder.glob("parts/*.arrow"), *folder.glob("stats/*.json")]
    unfinished = [*folder.glob(f"parts/{UNFINISHED}"), *folder.glob(f"stats/{UNFINISHED}")]
    return _remove([*(path for path in found if path.stem not in wanted), *unfinished])


def remove_stale_figures(folder: Path, targets: Iterable[str]) -> tuple[Path, ...]:
    """Delete the figures of the evaluation in `folder` that are not of one of its `targets` (file stems).

    They are of stages that were renamed or taken out; comparisons and the report would go on showing them. Returns the
    deleted files.
    """
    kept = {STAGE_FILE, *(f"{name}{ending}" for name in targets for ending in FIGURE_ENDINGS)}
    found = [path for ending in FIGURE_ENDINGS for path in folder.glob(f"*{ending}")]
    return _remove([*(path for path in found if path.name not in kept), *folder.glob(UNFINISHED)])


def _remove(paths: Iterable[Path]) -> tuple[Path, ...]:
    stale = tuple(sorted(paths))
    for path in stale:
        path.unlink()
    return stale
