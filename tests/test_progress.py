import io
import itertools
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsss_core import progress as module
from wsss_core.progress import (
    FOLDER_VARIABLE,
    Progress,
    Status,
    as_clock,
    progress,
    read_status,
    stage_job,
    status_file,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is 20 s later."""
    seconds = itertools.count(0, 20)
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(seconds)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which somebody reads the status of jobs."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "status"))
    return tmp_path / "status"


def test_a_log_gets_one_line_at_the_end_of_short_work(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert list(progress([1, 2, 3], "x/cams/00000", 3)) == [1, 2, 3]
    [line] = caplog.messages
    assert line.startswith("x/cams/00000: 3 images done in ")


def test_long_work_says_now_and_then_how_long_it_will_take(caplog: pytest.LogCaptureFixture, clock: None) -> None:
    with caplog.at_level(logging.INFO):
        list(progress(range(3), "x", 3))
    assert caplog.messages[0] == "x: 2 of 3 images, 0:00:50 left"


def test_work_that_is_broken_off_is_not_called_done(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        going = progress([1, 2, 3], "x", 3)
        next(going)
        going.close()
    assert caplog.messages == []


def test_no_work_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert list(progress([], "x", 0)) == []
    assert "x: 0 images done" in caplog.text


def test_a_terminal_gets_a_bar_that_begins_where_an_earlier_run_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(module.sys, "stderr", terminal)
    with Progress("x/classifier", 5, "step", done=3) as shown:
        shown.advance("loss 0.5")
        shown.advance("loss 0.25")
    assert "x/classifier" in terminal.getvalue()
    assert "3/5" in terminal.getvalue()
    assert "5/5" in terminal.getvalue()


def test_a_status_is_left_for_who_watches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATUS_EVERY_S", 0.0)
    with Progress("x/seeds/00001", 4) as shown:
        assert read_status(folder, "x/seeds/00001") == Status(0, 4, "image")
        shown.advance("loss 1")
        status = read_status(folder, "x/seeds/00001")
    assert status is not None
    assert (status.done, status.total, status.text) == (1, 4, "loss 1")
    assert status.left_s is not None
    assert 0 <= status.left_s < 60


def test_the_status_is_written_rarely_and_at_the_end(folder: Path) -> None:
    with Progress("x/seeds", 1000) as shown:
        for _ in range(999):
            shown.advance()
        before = read_status(folder, "x/seeds")
        shown.advance()
    after = read_status(folder, "x/seeds")
    assert before is not None
    assert after is not None
    assert before.done < 999
    assert after.done == 1000


def test_who_does_not_watch_gets_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    list(progress([1], "x/seeds", 1))
    assert list(tmp_path.iterdir()) == []


def test_a_status_that_cannot_be_written_does_not_end_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    assert list(progress([1, 2], "x/seeds", 2)) == [1, 2]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"done": 1}', '{"done": 1, "total": 2, "unit": "image", "more": 3}'])
def test_a_half_written_status_is_none(tmp_path: Path, text: str) -> None:
    path = status_file(tmp_path, "x/seeds")
    path.parent.mkdir()
    path.write_text(text)
    assert read_status(tmp_path, "x/seeds") is None


def test_a_status_in_words() -> None:
    assert str(Status(12, 40, "step", 83.0, "loss 0.5")) == "12 of 40 steps, 0:01:23 left, loss 0.5"
    assert str(Status(0, 8, "image")) == "0 of 8 images"
    assert str(Status(8, 8, "image", 0.0)) == "8 of 8 images"


def test_the_job_of_a_stage_is_named_after_its_folder() -> None:
    assert stage_job(Path("results/x/data")) == "x/data"


@given(st.integers(0, 10**6))
def test_times_read_like_a_clock(seconds: int) -> None:
    hours, minutes, rest = (int(part) for part in as_clock(seconds).split(":"))
    assert hours * 3600 + minutes * 60 + rest == seconds
    assert minutes < 60
    assert rest < 60
