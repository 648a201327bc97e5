"""Jobs on the cluster whose Snakemake is gone: they go on, and a new run must not start them a second time."""

import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil

from wsss_core.commands.run_log import RunLog, run_logs
from wsss_core.commands.slurm_queue import QueuedJob, QueueSilent, queued_jobs

LOGS_READ = 20
"""Runs looked at for those that still have jobs in the queue."""

_NESTED = "--target-jobs"
"""Option that only the Snakemakes inside of jobs have."""


def refuse_orphans(root: Path) -> None:
    """Raise `OrphanedJobs` when jobs of a killed run of the checkout `root` are still on the cluster.

    A queue that does not answer stops nothing: no job can be submitted then either.
    """
    with suppress(QueueSilent):
        if found := orphans(queued_jobs(root), run_logs(root, LOGS_READ)):
            raise OrphanedJobs(found)


class OrphanedJobs(ValueError):
    """A killed run has left jobs on the cluster that a new run would start a second time."""

    def __init__(self, jobs: list[QueuedJob]) -> None:
        numbers = " ".join(job.number for job in jobs)
        super().__init__(
            f"{len(jobs)} jobs of an earlier run, whose Snakemake is gone, are still on the cluster ({numbers}); a new "
            f"run would start them a second time. To do: wait until they end (`wsss status`), or `scancel {numbers}`."
        )


def living_run(log: RunLog) -> bool | None:
    """Whether the Snakemake of a run is still there; None where another machine would have to be asked."""
    if log.ended:
        return False
    if log.host != socket.gethostname() and log.host:
        return None
    return any(started <= log.started for started in snakemakes_in(Path(log.folder)))


def snakemakes_in(folder: Path) -> list[datetime]:
    """When this machine's Snakemake processes that work in `folder` began, without those inside of jobs."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            is_run = any("snakemake" in word for word in words[:4]) and _NESTED not in words
            if is_run and Path(process.cwd()) == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(datetime.fromtimestamp(process.create_time()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def orphans(queue: list[QueuedJob], logs: list[RunLog]) -> list[QueuedJob]:
    """Jobs of the queue that belong to no run known to live; runs on other machines get the benefit of the doubt."""
    living = {log.slurm_run for log in logs if living_run(log) is not False}
    return [job for job in queue if job.run not in living]
