import io
import os

import pytest

from wsss_core.commands.watch import screen as module
from wsss_core.commands.watch.screen import Screen


@pytest.fixture(autouse=True)
def size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "get_terminal_size", lambda: os.terminal_size((20, 4)))


def shown(text: str) -> list[str]:
    """The lines that a terminal shows after `text`: just the two codes that the screen uses."""
    lines = [""]
    for piece in text.replace("\x1b[J", "\0").replace("\x1b[", "\x1b").split("\x1b"):
        count, mark, rest = piece.partition("A\0")
        if mark:
            lines = [*lines[: len(lines) - 1 - int(count)], ""]
        new = (rest if mark else piece).split("\n")
        lines = [*lines[:-1], lines[-1] + new[0], *new[1:]]
    return lines[:-1]


def test_lines_are_drawn_in_place_of_those_before() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.draw(["one", "two"])
    screen.draw(["three"])
    assert shown(stream.getvalue()) == ["three"]


def test_what_is_said_stays_above_what_is_drawn() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.draw(["50 %"])
    screen.say("seeds done")
    screen.draw(["80 %"])
    screen.draw(["90 %"])
    assert shown(stream.getvalue()) == ["seeds done", "90 %"]


def test_lines_are_cut_to_the_terminal_so_that_each_takes_one_row() -> None:
    stream = io.StringIO()
    Screen(stream).draw(["a" * 30, "b", "c", "d", "e"])
    assert shown(stream.getvalue()) == ["c", "d", "e"]
    stream = io.StringIO()
    Screen(stream).draw(["a" * 30])
    assert shown(stream.getvalue()) == ["a" * 19]


def test_what_is_only_said_holds_no_control_codes() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.say("one")
    screen.say("two")
    assert stream.getvalue() == "one\ntwo\n"
