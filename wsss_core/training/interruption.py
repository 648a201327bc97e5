"""SIGINT and SIGTERM during a training: finish the step, keep the state, then end."""

import signal
import threading
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_CODE_BASE = 128  # the shell's convention for "ended by signal n"


class TrainingInterrupted(SystemExit):
    """The training was stopped by a signal and has kept its state; the exit code is 128 + signal number."""

    def __init__(self, number: int) -> None:
        super().__init__(_EXIT_CODE_BASE + number)


class StopRequest:
    """Context manager that notes the first signal; a second one acts at once, as it did before.

    Outside the main thread, where handlers cannot be set, it notes nothing.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
