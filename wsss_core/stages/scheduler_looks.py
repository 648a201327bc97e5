"""Keeps Snakemake from looking ever more often for jobs to start.

Snakemake (9.27, `JobScheduler.schedule`) starts a timer of a second with every look for jobs that may start, and every
job that ends adds a look of its own. While jobs wait for a core, it so looks n times a second after n jobs: a fifth of
a core after two hundred of them. Here one timer runs at a time, and none outlasts the run.
"""

import threading
from typing import Any
from weakref import WeakKeyDictionary

METHOD = "_schedule_reevalutation"
"""Snakemake's own spelling. Without such a method nothing is changed."""


def one_timer_at_a_time(scheduler: type[Any]) -> None:
    """Change the class `JobScheduler`: while a timer of some delay runs, no other of this delay is started."""
    if not callable(getattr(scheduler, METHOD, None)):
        return
    running: WeakKeyDictionary[Any, set[float]] = WeakKeyDictionary()

    def schedule(self: Any, delay: float) -> None:
        delays = running.setdefault(self, set())
        if delay in delays:
            return
        delays.add(delay)

        def look() -> None:
            delays.discard(delay)
            self._open_jobs.release()

        timer = threading.Timer(delay, look)
        timer.daemon = True
        timer.start()

    setattr(scheduler, METHOD, schedule)
