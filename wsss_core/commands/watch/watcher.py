"""Shows a run while it goes on: draws twice a second in a terminal, says a line every half a minute elsewhere."""

import threading
import time
from pathlib import Path
from typing import TextIO

from wsss_core.commands.watch.jobs import Jobs
from wsss_core.commands.watch.lines import failure_text, live_lines, quiet_line, stage_line, stop_line, total_line
from wsss_core.commands.watch.screen import Screen
from wsss_core.progress import Status, read_status

DRAW_EVERY_S = 0.5
SAY_EVERY_S = 30.0


class Watcher:
    """Its methods may be called from any thread. `folder`: where the jobs leave their status."""

    def __init__(self, folder: Path, stream: TextIO) -> None:
        self.folder, self.jobs = folder, Jobs()
        self._screen, self._is_live = Screen(stream), stream.isatty()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._started_s = time.monotonic()
        self._thread = threading.Thread(target=self._keep_showing, name="progress", daemon=True)
        self._thread.start()

    def count(self, jobs_per_rule: dict[str, int]) -> None:
        """How many jobs there will be."""
        with self._lock:
            self.jobs.count(jobs_per_rule)

    def start(self, number: int, rule: str, wildcards: dict[str, str], outputs: list[str], logs: list[str]) -> None:
        """A job has begun."""
        with self._lock:
            self.jobs.start(number, rule, wildcards, outputs, logs, time.monotonic())

    def finish(self, number: int) -> None:
        """A job has ended well."""
        with self._lock:
            finished = self.jobs.finish(number, time.monotonic())
            if finished is not None:
                self._screen.say(stage_line(finished))

    def fail(self, number: int, otherwise: str) -> None:
        """A job has failed; `otherwise` is said of one that is not known."""
        with self._lock:
            job = self.jobs.fail(number)
            show = stop_line if self.jobs.stopping else failure_text
            self._screen.say(show(job) if job is not None else otherwise)

    def stop(self) -> None:
        """The user has asked for the end."""
        self.jobs.stopping = True

    def say(self, text: str) -> None:
        """Show a message for good."""
        with self._lock:
            self._screen.say(text)

    def close(self) -> None:
        """Show the end of the run, and nothing more; a second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        if self.jobs.total:
            self._screen.say(total_line(self.jobs, self._elapsed_s()))

    def _keep_showing(self) -> None:
        while not self._ended.wait(DRAW_EVERY_S if self._is_live else SAY_EVERY_S):
            with self._lock:
                self._show()

    def _show(self) -> None:
        if not self.jobs.total:
            return
        now_s = time.monotonic()
        if self._is_live:
            self._screen.draw(live_lines(self.jobs, self._status, self._elapsed_s(), now_s))
        else:
            self._screen.say(quiet_line(self.jobs, self._status, self._elapsed_s(), now_s))

    def _status(self, job: str) -> Status | None:
        return read_status(self.folder, job)

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started_s
