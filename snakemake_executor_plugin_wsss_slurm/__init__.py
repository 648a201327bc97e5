"""Snakemake executor `wsss-slurm`: the SLURM executor plugin, made to outlast a controller that does not answer.

The plugin (2.8.0) forgets all running jobs when the queue cannot be asked, and then waits for ever; and when it cannot
submit, a job has failed. Here jobs are remembered, and submissions wait. Everything else is the plugin's own.
"""

import subprocess
import time
from collections.abc import AsyncGenerator, Callable

from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_executor_plugin_slurm import ExecutorSettings, common_settings
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

ASK_EVERY_S = 5.0
SAY_EVERY_S = 60.0
_PING_TIMEOUT_S = 30.0


class Executor(SlurmExecutor):
    """Submits and watches jobs as the plugin does, through times without a controller."""

    def __init__(self, *arguments: object) -> None:
        self._told_of: set[str] = set()  # before the thread that checks the jobs begins
        super().__init__(*arguments)

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job, once there is somebody to submit it to."""
        wait_for_controller(self.logger.warning)
        super().run_job(job)

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Those of the jobs that still run; also those of which nothing could be learnt."""
        asked = list(active_jobs)
        running = set()
        async for job in super().check_active_jobs(asked):
            running.add(str(job.external_jobid))
            yield job
        for job in forgotten(asked, running | self._told_of):
            self.logger.debug(f"nothing is known of SLURM job {job.external_jobid}; it is asked for again")
            yield job

    def report_job_success(self, job_info: SubmittedJobInfo) -> None:
        """The job is done, and not to be asked for again."""
        self._told_of.add(str(job_info.external_jobid))
        super().report_job_success(job_info)

    def report_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **options: object) -> None:
        """The job has failed, and is not to be asked for again."""
        self._told_of.add(str(job_info.external_jobid))
        super().report_job_error(job_info, msg=msg, **options)


def forgotten(asked: list[SubmittedJobInfo], known: set[str]) -> list[SubmittedJobInfo]:
    """The jobs that were asked for and of which nothing is known."""
    return [job for job in asked if str(job.external_jobid) not in known]


def controller_answers() -> bool:
    """Whether SLURM's controller is there."""
    try:
        done = subprocess.run(["scontrol", "ping"], capture_output=True, timeout=_PING_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def wait_for_controller(say: Callable[[str], object]) -> None:
    """Until SLURM's controller answers; `say` is told now and then."""
    told_s = -SAY_EVERY_S
    while not controller_answers():
        if time.monotonic() - told_s >= SAY_EVERY_S:
            say("SLURM's controller does not answer; waiting for it")
            told_s = time.monotonic()
        time.sleep(ASK_EVERY_S)
