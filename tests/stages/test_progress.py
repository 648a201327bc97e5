import io
import itertools

import pytest

from wsss_core.stages import progress as module
from wsss_core.stages.progress import progress


def test_a_log_gets_one_line_at_the_end_of_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress([1, 2, 3], "x part 0")) == [1, 2, 3]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("x part 0: 3 done in ")
    assert captured.err.count("\n") == 1


def test_long_work_says_now_and_then_how_long_it_will_take(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count(0, 20)  # every look at the clock is 20 s later
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(seconds)))
    assert list(progress(list(range(5)), "x")) == [0, 1, 2, 3, 4]
    lines = capsys.readouterr().err.splitlines()
    assert lines[:-1] == ["x: 1 of 5, about 160 s left", "x: 3 of 5, about 53 s left"]
    assert lines[-1] == "x: 5 done in 120.0 s"


def test_no_work_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress([], "x")) == []
    assert "x: 0 done" in capsys.readouterr().err


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(module.sys, "stderr", terminal)
    assert list(progress(["a", "b"], "seeds part 1")) == ["a", "b"]
    assert "seeds part 1" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
