"""Progress of a training: a bar with the remaining time in a terminal, else a quiet log line now and then."""

import logging
import sys
import time
from types import TracebackType

from tqdm import tqdm

logger = logging.getLogger(__name__)

QUIET_INTERVAL_S = 30.0


class Progress:
    """Context manager; `advance` after each step."""

    def __init__(self, title: str, done: int, total: int) -> None:
        self.title, self.done, self.total = title, done, total
        self._first, self._started = done, time.monotonic()
        self._last_line = self._started
        self._bar: tqdm | None = None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self._bar = tqdm(desc=self.title, initial=self.done, total=self.total, unit="step", dynamic_ncols=True)
        return self

    def advance(self, text: str) -> None:
        """One more step is done; `text` is short, such as "loss 0.21"."""
        self.done += 1
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._last_line >= QUIET_INTERVAL_S or self.done == self.total:
            self._last_line = now
            logger.info("%s: step %d of %d, %s, %s left", self.title, self.done, self.total, text, self._remaining(now))

    def _remaining(self, now: float) -> str:
        pace = (now - self._started) / max(1, self.done - self._first)
        return as_clock(pace * (self.total - self.done))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def as_clock(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
