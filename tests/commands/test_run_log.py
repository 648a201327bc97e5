"""What is read from Snakemake's log."""

from datetime import datetime
from pathlib import Path

import pytest
from commands.snakemake_logs import ENDED, HEAD, RULE, RUN, failed, finished, rule, write_log
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.commands.run_log import read_run_log, run_logs


def test_a_run_knows_where_and_when_it_began_and_how_many_jobs_it_has(tmp_path: Path) -> None:
    log = read_run_log(write_log(tmp_path, HEAD, rule(1, 0), failed(1, 0)))
    assert (log.date, log.host, log.folder) == ("2026-01-02 03:04:05", "login1", "/somewhere/else")
    assert (log.slurm_run, log.total, log.ended) == (RUN, 4, False)
    assert log.started == datetime(2026, 1, 2, 3, 4, 5, 6)


def test_jobs_are_at_work_finished_or_failed(tmp_path: Path) -> None:
    pieces = [HEAD, *(rule(number, number - 1) for number in (1, 2, 3)), finished(2), failed(3, 2), ENDED]
    log = read_run_log(write_log(tmp_path, *pieces))
    states = {state: [job.number for job in log.in_state(state)] for state in ("running", "finished", "failed")}  # type: ignore[arg-type]
    assert states == {"running": [1], "finished": [2], "failed": [3]}
    assert log.ended
    assert log.jobs[3].reason == "TIMEOUT"
    assert log.jobs[3].title == "tiny/seeds, part 00002"
    assert log.jobs[3].logs == ("logs/tiny/seeds/00002.log",)
    assert log.jobs[1].slurm_job == "101"


def test_a_job_that_is_tried_again_is_at_work_with_its_failures_counted(tmp_path: Path) -> None:
    again = [HEAD, rule(1, 0), failed(1, 0), "Trying to restart job 1.\n", rule(1, 0)]
    job = read_run_log(write_log(tmp_path, *again)).jobs[1]
    assert (job.state, job.failures) == ("running", 1)
    assert read_run_log(write_log(tmp_path, *again, finished(1))).jobs[1].state == "finished"


@pytest.mark.parametrize("head", [HEAD, HEAD.replace(f"SLURM run ID: {RUN}\n", "")], ids=["cluster", "workstation"])
def test_a_job_that_is_asked_for_by_its_file_may_have_the_number_0(tmp_path: Path, head: str) -> None:
    log = read_run_log(write_log(tmp_path, head, rule(0, 0), finished(0)))
    assert [job.number for job in log.in_state("finished")] == [0]
    again = read_run_log(write_log(tmp_path, head, rule(0, 0), failed(0, 0), rule(0, 0)))
    assert [(job.number, job.failures) for job in again.in_state("running")] == [(0, 1)]
    assert again.date == "2026-01-02 03:04:05"


def test_the_latest_runs_come_first_and_those_without_jobs_do_not_count(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        write_log(tmp_path, HEAD, rule(day, 0) if day != 3 else "", name=f"2026-01-0{day}T000000.000000.snakemake.log")
    assert [log.started.day for log in run_logs(tmp_path, 2)] == [4, 2]
    assert run_logs(tmp_path / "empty", 2) == []


@given(cut=st.integers(0, 3000), noise=st.binary(max_size=30))
def test_a_log_that_is_still_being_written_or_is_damaged_is_read_as_far_as_it_goes(
    tmp_path_factory, cut: int, noise: bytes
) -> None:
    path = write_log(tmp_path_factory.mktemp("log"), HEAD, rule(1, 0), finished(1), rule(2, 1), failed(2, 1), ENDED)
    path.write_bytes(path.read_bytes()[:cut] + noise)
    log = read_run_log(path)
    assert set(log.jobs) <= {1, 2}
    assert log.total in (0, 4) or cut < 600


def test_a_shown_log_that_ends_its_frame_itself_ends_no_job_of_another_rule(tmp_path: Path) -> None:
    shown = f"Logfile logs/x.log:\n{RULE}\n{RULE}\nFinished jobid: 1 (Rule: other)\n{RULE}\n"
    log = read_run_log(write_log(tmp_path, HEAD, rule(1, 0), shown))
    assert [job.number for job in log.in_state("running")] == [1]
