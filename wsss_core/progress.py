"""Progress of a job: a bar in a terminal, a quiet line now and then in a log, and a status file for who watches it.

`wsss run` shows all running jobs at once. It names a folder in the environment variable `WSSS_PROGRESS`; a job leaves
its status there, at most twice a second, under its own name ("experiment/stage[/part]", as its log is called).
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from tqdm import tqdm

FOLDER_VARIABLE = "WSSS_PROGRESS"
LOG_EVERY_S = 30.0
STATUS_EVERY_S = 0.5

Item = TypeVar("Item")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """How far a job is: `done` of `total` units ("image", "step"), seconds left (None before the first unit is done),
    and a word on it, such as "loss 0.21"."""

    done: int
    total: int
    unit: str
    left_s: float | None = None
    text: str = ""

    def __str__(self) -> str:
        left = "" if self.left_s is None or self.done == self.total else f"{as_clock(self.left_s)} left"
        return ", ".join(part for part in (f"{self.done} of {self.total} {self.unit}s", left, self.text) if part)


class Progress:
    """Context manager; call `advance` after each unit. `done`: units that an earlier run has done."""

    def __init__(self, job: str, total: int, unit: str = "image", done: int = 0) -> None:
        self.job, self.total, self.unit, self.done = job, total, unit, done
        self._first, self._started = done, time.monotonic()
        self._logged = self._published = self._started
        self._bar: tqdm | None = None
        folder = os.environ.get(FOLDER_VARIABLE)
        self._file = status_file(Path(folder), job) if folder else None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self._bar = tqdm(desc=self.job, initial=self.done, total=self.total, unit=self.unit, dynamic_ncols=True)
        self._publish(self._status(""))
        return self

    def advance(self, text: str = "") -> None:
        """One more unit is done; `text` is short, such as "loss 0.21"."""
        self.done += 1
        now = time.monotonic()
        if now - self._published >= STATUS_EVERY_S or self.done == self.total:
            self._published = now
            self._publish(self._status(text))
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update()
        elif now - self._logged >= LOG_EVERY_S:
            self._logged = now
            logger.info("%s: %s", self.job, self._status(text))

    def _status(self, text: str) -> Status:
        fresh = self.done - self._first
        left_s = (time.monotonic() - self._started) / fresh * (self.total - self.done) if fresh else None
        return Status(self.done, self.total, self.unit, left_s, text)

    def _publish(self, status: Status) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(asdict(status)), encoding="utf-8")
        except OSError:  # who watched is gone, or is on another machine: no reason to end the work
            self._file = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None:
            took_s = time.monotonic() - self._started
            logger.info("%s: %d %ss done in %.1f s", self.job, self.done - self._first, self.unit, took_s)


def progress(items: Iterable[Item], job: str, total: int, unit: str = "image") -> Iterator[Item]:
    """Yield `items`, `total` in number, and show how far they are."""
    with Progress(job, total, unit) as shown:
        for item in items:
            yield item
            shown.advance()


def stage_job(folder: Path | str) -> str:
    """Name of the one job of a stage: "experiment/stage", from the stage's folder."""
    return "/".join(Path(folder).parts[-2:])


def status_file(folder: Path, job: str) -> Path:
    """Where the job of that name leaves its status below `folder`."""
    return folder / f"{job}.json"


def read_status(folder: Path, job: str) -> Status | None:
    """The last status of a job; None where it has left none, or is just writing it."""
    try:
        return Status(**json.loads(status_file(folder, job).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def as_clock(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
