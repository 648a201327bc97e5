"""Snakemake's timers: one at a time, on a stand-in and on Snakemake itself."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler

from wsss_core.stages.scheduler_looks import METHOD, one_timer_at_a_time

ROOT = Path(__file__).parents[2]
JOBS, SLEEP_S = 24, 0.15
SNAKEFILE = """
{mended}
rule all:
    input: expand("done/{{number}}", number=range({jobs}))

rule one:
    output: "done/{{number}}"
    shell: "sleep {sleep_s}; touch {{output}}"
"""
MENDED = """
from snakemake.scheduling.job_scheduler import JobScheduler
from wsss_core.stages.scheduler_looks import one_timer_at_a_time
one_timer_at_a_time(JobScheduler)
"""


class Looks:
    """What a scheduler has of Snakemake's for this."""

    def __init__(self) -> None:
        self._open_jobs = threading.Semaphore(0)

    def _schedule_reevalutation(self, delay: float) -> None:
        threading.Timer(delay, self._open_jobs.release).start()


def released(looks: Looks) -> int:
    count = 0
    while looks._open_jobs.acquire(timeout=0.3):
        count += 1
    return count


def test_snakemake_has_the_method_that_is_replaced() -> None:
    assert callable(getattr(JobScheduler, METHOD))


def test_of_many_timers_one_runs_and_after_it_the_next_may() -> None:
    class Mended(Looks):
        pass

    one_timer_at_a_time(Mended)
    looks, other = Mended(), Mended()
    for _ in range(2):
        for _ in range(5):
            looks._schedule_reevalutation(0.05)
        assert released(looks) == 1
    assert released(other) == 0
    plain = Looks()
    for _ in range(5):
        plain._schedule_reevalutation(0.05)
    assert released(plain) == 5


def test_timers_of_other_delays_do_not_wait_for_each_other() -> None:
    class Mended(Looks):
        pass

    one_timer_at_a_time(Mended)
    looks = Mended()
    looks._schedule_reevalutation(30.0)
    looks._schedule_reevalutation(0.05)
    assert released(looks) == 1


def test_another_scheduler_is_left_as_it_is() -> None:
    class Other:
        pass

    one_timer_at_a_time(Other)
    assert not hasattr(Other, METHOD)


def looks_of_snakemake(folder: Path, mended: str) -> tuple[int, float]:
    """How often Snakemake looked for jobs to start, and the seconds that the run took."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.format(mended=mended, jobs=JOBS, sleep_s=SLEEP_S))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose"]
    start_s = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "done").iterdir())) == JOBS
    return (done.stdout + done.stderr).count("Ready jobs:"), time.monotonic() - start_s


@pytest.mark.slow
def test_snakemake_looks_once_for_every_job_and_every_second(tmp_path: Path) -> None:
    plain, _ = looks_of_snakemake(tmp_path / "plain", "")
    mended, took_s = looks_of_snakemake(tmp_path / "mended", MENDED)
    assert mended <= JOBS + took_s + 2
    assert plain > JOBS + 20, "Snakemake is mended; scheduler_looks.py may go"
