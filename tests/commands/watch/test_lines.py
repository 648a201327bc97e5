from pathlib import Path

import pytest

from wsss_core.commands.watch.jobs import FinishedStage, Job, Jobs
from wsss_core.commands.watch.lines import (
    BAR_WIDTH,
    LOG_LINES,
    failure_text,
    live_lines,
    quiet_line,
    stage_line,
    stop_line,
    total_line,
)
from wsss_core.progress import Status


def job(title: str = "x/seeds, part 0", log: str = "") -> Job:
    return Job(title, title, "x/seeds", False, 100.0, (log,) if log else ())


@pytest.fixture
def jobs() -> Jobs:
    running = {2: job("x/segmenter"), 1: job("x/seeds, part 0")}
    return Jobs(total=9, done=4, running=running)


STATUS = {"x/segmenter": Status(10, 40, "step", 90.0, "loss 0.5")}


def test_a_terminal_gets_a_line_with_a_bar_per_job_and_one_for_all(jobs: Jobs) -> None:
    lines = live_lines(jobs, STATUS.get, elapsed_s=65, now_s=103.0)
    assert lines == [
        "x/seeds, part 0  [....................]  0:00:03",
        "x/segmenter      [#####...............]  10 of 40 steps, 0:01:30 left, loss 0.5",
        "4 of 9 jobs done, 0:01:05",
    ]


@pytest.mark.parametrize(("done", "filled"), [(0, 0), (39, BAR_WIDTH - 1), (40, BAR_WIDTH), (41, BAR_WIDTH)])
def test_the_bar_is_full_at_the_end_only(done: int, filled: int) -> None:
    [line, _] = live_lines(Jobs(running={1: job()}), lambda name: Status(done, 40, "step"), 0, 0)
    assert line.count("#") == filled
    assert line.count("#") + line.count(".") == BAR_WIDTH


def test_nothing_to_do_gives_an_empty_bar() -> None:
    [line, _] = live_lines(Jobs(running={1: job()}), lambda name: Status(0, 0, "image"), 0, 100)
    assert line.endswith(f"[{'.' * BAR_WIDTH}]  0:00:00")


def test_a_log_gets_the_same_in_one_line(jobs: Jobs) -> None:
    assert quiet_line(jobs, STATUS.get, elapsed_s=65, now_s=103.0) == (
        "4 of 9 jobs done, 0:01:05; x/segmenter: 10 of 40 steps, 0:01:30 left, loss 0.5; x/seeds, part 0: 0:00:03"
    )


def test_failures_and_stops_are_counted() -> None:
    assert total_line(Jobs(total=9, done=4, failed=2, stopped=1), 5) == (
        "4 of 9 jobs done, 2 failed, 1 stopped, 0:00:05"
    )


def test_a_finished_stage() -> None:
    assert stage_line(FinishedStage("x/seeds", 3, 61.0)) == "x/seeds done: 3 jobs, 0:01:01"
    assert stage_line(FinishedStage("x/data", 1, 1.0)) == "x/data done: 1 job, 0:00:01"


def test_a_stopped_job() -> None:
    assert stop_line(job()) == "stopped: x/seeds, part 0"


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    log.write_text("".join(f"line {number}\n" for number in range(LOG_LINES + 5)))
    text = failure_text(job(log=str(log)))
    assert text.startswith("FAILED: x/seeds, part 0\n")
    assert f"last {LOG_LINES} of {LOG_LINES + 5} lines" in text
    assert "line 4\n" not in text
    assert "    line 5\n" in text
    assert text.endswith(f"    line {LOG_LINES + 4}")


def test_a_short_log_is_shown_whole(tmp_path: Path) -> None:
    log = tmp_path / "0.log"
    log.write_bytes(b"error: \xff is no letter\n")
    assert failure_text(job(log=str(log))).splitlines() == [
        "FAILED: x/seeds, part 0",
        f"  its log {log}:",
        "    error: \ufffd is no letter",
    ]


def test_a_missing_log_is_said(tmp_path: Path) -> None:
    assert "is empty or was not written" in failure_text(job(log=str(tmp_path / "none.log")))
