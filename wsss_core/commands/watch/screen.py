"""A terminal in which a few lines at the bottom are drawn again and again, and others scroll by above them."""

import shutil
from collections.abc import Sequence
from typing import TextIO

_UP_AND_CLEAR = "\x1b[{lines}A\x1b[J"  # ECMA-48: cursor up, erase from there to the end of the screen


class Screen:
    """Owner of the last lines of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._drawn = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Put `lines` in place of those drawn before; each is cut to the width, all to the height of the terminal."""
        size = shutil.get_terminal_size()
        shown = [line[: size.columns - 1] for line in lines[-max(1, size.lines - 1) :]]
        self.stream.write(self._erasure() + "".join(f"{line}\n" for line in shown))
        self.stream.flush()
        self._drawn = len(shown)

    def say(self, text: str) -> None:
        """Write `text` for good; it takes the place of the drawn lines, which the next `draw` puts below it."""
        self.stream.write(f"{self._erasure()}{text}\n")
        self.stream.flush()
        self._drawn = 0

    def _erasure(self) -> str:
        return _UP_AND_CLEAR.format(lines=self._drawn) if self._drawn else ""
