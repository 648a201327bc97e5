"""Snakemake executor `wsss-slurm`: the SLURM executor plugin, made to outlast a controller that does not answer.

The plugin (2.8.0) forgets all running jobs when the queue cannot be asked, and then waits for ever; and when it cannot
submit, a job has failed. Here jobs are remembered, and submissions wait. Everything else is the plugin's own. Snakemake
finds the package by its name; it must lie beside the package `wsss_core`.
"""

import threading
from collections.abc import AsyncGenerator

from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_executor_plugin_slurm import ExecutorSettings, common_settings
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from wsss_core.commands.slurm_controller import wait_for_controller

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


class Executor(SlurmExecutor):
    """Submits and watches jobs as the plugin does, through times without a controller."""

    def __init__(self, *arguments: object) -> None:
        # Before the plugin's own part, which starts the thread that looks after the jobs.
        self._told_of: set[str | None] = set()
        self._cancelled = threading.Event()
        super().__init__(*arguments)

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job, once there is somebody to submit it to; not when the run has been cancelled meanwhile."""
        wait_for_controller(self.logger.warning, self._cancelled)
        if not self._cancelled.is_set():
            super().run_job(job)

    def cancel(self) -> None:
        """End the run, also one that waits for the controller: the plugin waits until all submissions are through."""
        self._cancelled.set()
        super().cancel()

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Those of the jobs that still run; also those of which nothing could be learnt."""
        asked = list(active_jobs)
        self._told_of.clear()
        async for job in super().check_active_jobs(asked):
            self._told_of.add(job.external_jobid)
            yield job
        for job in asked:
            if job.external_jobid not in self._told_of:
                self.logger.debug(f"nothing is known of SLURM job {job.external_jobid}; it is asked for again")
                yield job

    def report_job_success(self, job_info: SubmittedJobInfo) -> None:
        """The job is done, and not to be asked for again."""
        self._told_of.add(job_info.external_jobid)
        super().report_job_success(job_info)

    def report_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **options: object) -> None:
        """The job has failed, and is not to be asked for again."""
        self._told_of.add(job_info.external_jobid)
        super().report_job_error(job_info, msg=msg, **options)
