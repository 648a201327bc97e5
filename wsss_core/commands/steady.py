"""Is a stage finished, and does it stay as it is while it is read?"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.commands.places import FinishedStage
from wsss_core.stages.provenance import FILE_NAME as STAGE_FILE
from wsss_core.stages.provenance import combine_stats

MEASURED = ("parts", "images", "wall_s", "peak_memory_mb")
"""Figures of `stage.json` that come from the parts. Two runs do not take the same time to the millisecond."""

State = Mapping[str, tuple[int, int] | bytes]


@contextmanager
def steady(stage: FinishedStage) -> Iterator[None]:
    """The rows of a per-image stage may be read in the `with` block.

    A run keeps the old `stage.json` until its last part is made, so it alone does not tell that the parts are of one
    run. Raises `ArtifactError` before the block where parts are missing or of another run, and after it where they
    were made anew in the meantime.
    """
    before = _state(stage.folder)
    _check_parts(stage)
    try:
        yield
    except (OSError, ArtifactError) as error:  # a part that was read is gone
        if _state(stage.folder) != before:
            raise _changed(stage) from error
        raise
    if _state(stage.folder) != before:
        raise _changed(stage)


def _check_parts(stage: FinishedStage) -> None:
    expected = stage.about.get("parts")
    parts = {path.stem for path in stage.folder.glob("parts/*.arrow")}
    if expected is not None and len(parts) != expected:
        raise _unfinished(stage, f"expected {expected} parts, found {len(parts)}")
    stats = {path.stem: path for path in sorted(stage.folder.glob("stats/*.json"))}
    if expected is None or not stats:  # copied without its measurements
        return
    if parts != set(stats):
        raise _unfinished(stage, f"{len(parts)} parts and the measurements of {len(stats)}")
    measured = combine_stats([json.loads(path.read_text(encoding="utf-8")) for path in stats.values()])
    if any(measured[key] != stage.about.get(key) for key in MEASURED):
        raise _unfinished(stage, f"some parts are newer than {STAGE_FILE}")


def _state(folder: Path) -> State:
    """Name -> content of the small files, size and time of the parts."""
    small = [folder / STAGE_FILE, *folder.glob("stats/*.json")]
    state: dict[str, tuple[int, int] | bytes] = {str(path): path.read_bytes() for path in small if path.is_file()}
    for path in folder.glob("parts/*.arrow"):
        state[str(path)] = (path.stat().st_size, path.stat().st_mtime_ns)
    return state


def _unfinished(stage: FinishedStage, found: str) -> ArtifactError:
    return ArtifactError(
        f"{stage.folder} is being made anew, or its last run was stopped: {found}. To do: wait for the run to end, or "
        "`wsss run` the experiment."
    )


def _changed(stage: FinishedStage) -> ArtifactError:
    return ArtifactError(
        f"{stage.folder} was made anew while it was read, so what was written is of two runs. To do: wait for the run "
        "to end and do this again."
    )
