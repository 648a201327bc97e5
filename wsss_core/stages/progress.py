"""Progress of long work: a bar with time left in a terminal, a quiet line now and then in a log."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

LOG_EVERY_S = 30.0

Item = TypeVar("Item")


def progress(items: Sequence[Item], title: str) -> Iterator[Item]:
    """Yield `items`, showing how far it is and how long it will take, on standard error."""
    if sys.stderr.isatty():
        yield from tqdm(items, desc=title, unit="image", dynamic_ncols=True)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if now - last >= LOG_EVERY_S:
            left_s = (now - start) / done * (len(items) - done)
            print(f"{title}: {done} of {len(items)}, about {left_s:.0f} s left", file=sys.stderr, flush=True)
            last = now
        yield item
    print(f"{title}: {len(items)} done in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
