"""One line of `wsss doctor`: what was looked at, what was found, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "fault"]
_WIDTH = len("warning")


@dataclass(frozen=True)
class Finding:
    """A result of a check. `fault`: the run would stop or give nothing of use; `warning`: it would run, but look."""

    level: Level
    text: str
    remedy: str = ""

    def lines(self) -> list[str]:
        """The finding as indented lines: level, text, and the remedy where there is one."""
        first, *rest = [line for line in self.text.splitlines() if line.strip()] or [""]
        indent = " " * (_WIDTH + 2)
        return [
            f"{self.level:<{_WIDTH}}  {first}",
            *(indent + line for line in rest),
            *([f"{indent}To do: {self.remedy}."] if self.remedy else []),
        ]


def ok(text: str) -> Finding:
    """A finding that needs nothing."""
    return Finding("ok", text)
