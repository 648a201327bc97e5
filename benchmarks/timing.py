"""How the benchmarks time and what they report."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Comparison:
    """One line of the table: the original's way against this project's, in one unit ("ms", "KB", "MB")."""

    name: str
    size: str
    unit: str
    baseline: float
    ours: float
    target: float | None = None
    """Smallest ratio that must be reached, or None."""
    most: float | None = None
    """What this project may need at most, in the unit, or None."""

    @property
    def ratio(self) -> float:
        """How many times less this project needs."""
        return self.baseline / self.ours

    @property
    def passed(self) -> bool:
        """Whether the targets, if any, are reached."""
        enough = self.target is None or self.ratio >= self.target
        return enough and (self.most is None or self.ours <= self.most)


def best_time_ms(function: Callable[[], ResultT], repeats: int = 5) -> tuple[float, ResultT]:
    """Processor milliseconds of the fastest of `repeats` calls, and the result of the last one.

    Processor time, not the clock: everything runs on one thread, and a busy machine would otherwise decide the ratio.
    Waiting for the disk is thus left out. The first call also warms caches up.
    """
    best = float("inf")
    gc.disable()
    try:
        for _ in range(repeats):
            start = time.process_time()
            result = function()
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best * 1000, result
