"""`wsss status`, and the jobs that a killed run leaves behind."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from commands.snakemake_logs import ENDED, HEAD, NAME, RUN, failed, finished, rule, write_log
from commands.test_slurm_queue import fake_squeue, line

from wsss_core.artifacts.claim import Claim, claim_file
from wsss_core.commands import orphans as orphans_module
from wsss_core.commands import status as status_module
from wsss_core.commands.orphans import OrphanedJobs, living_run, orphans, refuse_orphans, snakemakes_in
from wsss_core.commands.run_log import read_run_log
from wsss_core.commands.slurm_queue import parse_queue

HERE = HEAD.replace("login1", socket.gethostname())


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which no Snakemake runs, without a cluster."""
    monkeypatch.setattr(status_module, "workflow_root", lambda: tmp_path)
    monkeypatch.setattr(status_module, "results_folder", lambda: tmp_path / "results")
    monkeypatch.setattr(orphans_module, "snakemakes_in", lambda folder: [])
    fake_squeue(tmp_path, monkeypatch, f"cat {tmp_path}/queue 2>/dev/null || true")
    return tmp_path


def live(monkeypatch: pytest.MonkeyPatch, started: datetime = datetime(2026, 1, 2)) -> None:
    monkeypatch.setattr(orphans_module, "snakemakes_in", lambda folder: [started])


def said() -> str:
    result = CliRunner().invoke(status_module.status, [], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_before_the_first_run_there_is_nothing_to_tell(root: Path) -> None:
    assert said() == "Nothing has run here yet.\n"
    (root / "bin/squeue").write_text("#!/bin/sh\nexit 1\n")
    assert said().startswith("Nothing has run here yet.\nThe cluster's queue is not known: squeue failed: exit code 1")


def test_jobs_at_work_are_listed_with_their_place_on_the_cluster(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live(monkeypatch)
    write_log(root, HERE, rule(1, 0), rule(2, 1), finished(2))
    (root / "queue").write_text(line(101, root))
    text = said()
    assert "goes on\n1 of 3 jobs done, 0 failed" in text
    assert "tiny/seeds, part 00000  101        RUNNING  1:05  node101" in text
    assert "part 00001" not in text
    assert "Orphans" not in text


def test_a_failure_is_told_with_the_clusters_word_and_the_last_line_of_its_log(root: Path) -> None:
    write_log(root, HERE, rule(1, 0), failed(1, 0), rule(1, 0), failed(1, 0, "OUT_OF_MEMORY"), ENDED)
    log = root / "logs/tiny/seeds/00000.log"
    log.parent.mkdir(parents=True)
    log.write_text("10 of 50 images\nerror: image 'a' is broken\n\n")
    text = said()
    assert "ended\n0 of 3 jobs done, 1 failed" in text
    assert "FAILED: tiny/seeds, part 00000 (2 attempts), SLURM says OUT_OF_MEMORY\n  error: image 'a' is broken" in text
    assert "log: logs/tiny/seeds/00000.log" in text


def test_a_killed_run_is_told_with_its_unfinished_jobs_its_orphans_and_the_way_on(root: Path) -> None:
    write_log(root, HERE, rule(1, 0), rule(2, 1), finished(2))
    (root / "queue").write_text(line(101, root))
    text = said()
    assert "was killed" in text
    assert "Unfinished when it was killed: tiny/seeds, part 00000" in text
    assert "-- --unlock" in text
    assert "Orphans: jobs on the cluster whose Snakemake is gone." in text
    assert "scancel 101" in text


def test_a_queue_that_does_not_answer_is_told_and_the_rest_is_shown(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(root, HERE, rule(1, 0), ENDED)
    (tmp_path / "bin/squeue").write_text("#!/bin/sh\nexit 1\n")
    assert "The cluster's queue is not known: squeue failed: exit code 1" in said()
    refuse_orphans(root)


def test_who_still_writes_results_after_a_kill_is_told(root: Path) -> None:
    write_log(root, HERE, rule(1, 0))
    claim = claim_file(root / "results/tiny/seeds/parts/00000.arrow")
    claim.parent.mkdir(parents=True)
    claim.write_text(json.dumps(asdict(Claim(host="node7", pid=12, space="elsewhere", slurm_job="101"))))
    assert "tiny/seeds/parts is being written by process 12 on node7, SLURM job 101" in said()


def test_a_new_run_is_refused_while_orphans_are_there(root: Path) -> None:
    write_log(root, HERE, rule(1, 0))
    refuse_orphans(root)
    (root / "queue").write_text(line(101, root) + "\n" + line(102, root))
    with pytest.raises(OrphanedJobs, match=r"2 jobs of an earlier run.*scancel 101 102"):
        refuse_orphans(root)


def test_jobs_of_a_run_on_another_machine_are_no_orphans(tmp_path: Path) -> None:
    other = read_run_log(write_log(tmp_path, HEAD, rule(1, 0)))
    queue = parse_queue(line(101, tmp_path))
    assert living_run(other) is None
    assert orphans(queue, [other]) == []
    assert orphans(queue, []) == queue


def test_a_run_that_began_after_the_log_is_another(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = read_run_log(write_log(root, HERE, rule(1, 0), name=NAME))
    live(monkeypatch, datetime(2026, 1, 3))
    assert living_run(log) is False
    live(monkeypatch, datetime(2026, 1, 1))
    assert living_run(log) is True
    assert orphans(parse_queue(line(1, root, RUN)), [log]) == []


def test_a_snakemake_at_work_is_found_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    for words, expected in ((["snakemake"], 1), (["snakemake", "--target-jobs"], 0)):
        before = datetime.now()
        with subprocess.Popen([*command, *words], cwd=folder, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            found = snakemakes_in(folder)
            process.kill()
        assert len(found) == expected
        assert all(abs((started - before).total_seconds()) < 60 for started in found)
    assert snakemakes_in(folder) == []
