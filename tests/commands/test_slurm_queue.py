"""Reading SLURM's queue, from a stand-in for `squeue`."""

from pathlib import Path

import pytest
from commands.fake_slurm import fake_program
from commands.snakemake_logs import RUN

from wsss_core.commands.slurm_queue import QueueSilent, parse_queue, queued_jobs


def fake_squeue(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program `squeue`, first on the path, that runs `script`."""
    fake_program(folder, monkeypatch, "squeue", script)


def line(number: int, folder: Path | str, run: str = RUN) -> str:
    return f"{number}|RUNNING|1:05|{folder}|{run}|rule_seeds_wildcards_tiny_seeds_0000{number}|node{number}"


def test_jobs_of_this_checkout_are_told_from_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(1, tmp_path), line(2, "/elsewhere"), line(3, tmp_path, "my_own_job")]
    fake_squeue(tmp_path, monkeypatch, "cat <<EOF\n" + "\n".join(lines) + "\nEOF")
    (job,) = queued_jobs(tmp_path)
    assert (job.number, job.state, job.run, job.where) == ("1", "RUNNING", RUN, "node1")
    assert job.what == "rule_seeds_wildcards_tiny_seeds_00001"


def test_lines_of_another_form_are_passed_over() -> None:
    assert parse_queue("slurm_load_jobs warning\n\n1|RUNNING\n") == []
    assert parse_queue(line(4, "/c") + "|and (Priority)")[0].where == "node4|and (Priority)"


def test_a_controller_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_squeue(tmp_path, monkeypatch, "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(QueueSilent, match="squeue failed: Unable to contact slurm controller"):
        queued_jobs(tmp_path)


def test_a_queue_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsss_core.commands.slurm_queue._TIMEOUT_S", 0.2)
    fake_squeue(tmp_path, monkeypatch, "exec sleep 20")
    with pytest.raises(QueueSilent, match="did not answer"):
        queued_jobs(tmp_path)


def test_without_slurm_there_are_no_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert queued_jobs(tmp_path) == []
