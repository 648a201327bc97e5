"""This user's jobs in SLURM's queue, as `squeue` tells them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PREFIX = "wsss_"
"""What the names of our jobs begin with (`jobname-prefix` in profiles/slurm); the identity of the run follows."""
_FORMAT = "%i|%T|%M|%Z|%j|%k|%R"
_TIMEOUT_S = 30


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits or runs.

    `folder`: where it was submitted; `run`: the run that did; `what`: rule and wildcards, as the executor plugin joins
    them; `where`: its node, or why it waits.
    """

    number: str
    state: str
    time: str
    folder: str
    run: str
    what: str
    where: str


class QueueSilent(RuntimeError):
    """`squeue` gave an error or no answer; the text says which."""


def queued_jobs(folder: Path) -> list[QueuedJob]:
    """Jobs of runs started in `folder` that wait or run; none where there is no SLURM. Raises `QueueSilent`."""
    if shutil.which("squeue") is None:
        return []
    command = ["squeue", "--me", "--noheader", "--format", _FORMAT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise QueueSilent(f"squeue did not answer within {_TIMEOUT_S} s") from error
    if done.returncode:
        raise QueueSilent(f"squeue failed: {' '.join(done.stderr.split()) or f'exit code {done.returncode}'}")
    jobs = parse_queue(done.stdout)
    return [job for job in jobs if Path(job.folder) == folder.resolve()]


def parse_queue(text: str) -> list[QueuedJob]:
    """Our jobs among the lines of `squeue`; lines of others are passed over."""
    fields = [line.split("|", maxsplit=_FORMAT.count("|")) for line in text.splitlines()]
    whole = [QueuedJob(*values) for values in fields if len(values) == _FORMAT.count("|") + 1]
    return [job for job in whole if job.run.startswith(PREFIX)]
