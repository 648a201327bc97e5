"""What is shown of a run: texts only, made from the jobs and the status that each has left."""

from collections.abc import Callable
from pathlib import Path

from wsss_core.commands.watch.jobs import FinishedStage, Job, Jobs
from wsss_core.progress import Status, as_clock

BAR_WIDTH = 20
LOG_LINES = 30
"""Last lines of a failed job's log that are shown; a Python traceback fits in."""

ReadStatus = Callable[[str], Status | None]
"""Status that the job of a name has left."""


def live_lines(jobs: Jobs, read: ReadStatus, elapsed_s: float, now_s: float) -> list[str]:
    """For a terminal: a line with a bar per running job, and one for the whole run."""
    running = sorted(jobs.running.values(), key=lambda job: job.title)
    width = max((len(job.title) for job in running), default=0)
    lines = [f"{job.title:{width}}  {_with_bar(read(job.name), now_s - job.started_s)}" for job in running]
    return [*lines, total_line(jobs, elapsed_s)]


def quiet_line(jobs: Jobs, read: ReadStatus, elapsed_s: float, now_s: float) -> str:
    """For a log: the same in one line."""
    parts = []
    for job in jobs.running.values():
        status = read(job.name)
        parts.append(f"{job.title}: {status or as_clock(now_s - job.started_s)}")
    return "; ".join([total_line(jobs, elapsed_s), *parts])


def total_line(jobs: Jobs, elapsed_s: float) -> str:
    """Jobs done of all, jobs failed and stopped, time so far."""
    counts = [f"{jobs.done} of {jobs.total} jobs done"]
    counts += [f"{count} {what}" for count, what in ((jobs.failed, "failed"), (jobs.stopped, "stopped")) if count]
    return ", ".join([*counts, as_clock(elapsed_s)])


def stage_line(finished: FinishedStage) -> str:
    """A stage is complete."""
    count = "1 job" if finished.jobs == 1 else f"{finished.jobs} jobs"
    return f"{finished.stage} done: {count}, {as_clock(finished.took_s)}"


def stop_line(job: Job) -> str:
    """A job was broken off on the user's request."""
    return f"stopped: {job.title}"


def failure_text(job: Job) -> str:
    """Which job failed, and the last lines of its log."""
    lines = [f"FAILED: {job.title}"]
    for log in job.logs:
        try:
            said = Path(log).read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        except OSError:
            said = []
        left_out = f", last {LOG_LINES} of {len(said)} lines" if len(said) > LOG_LINES else ""
        lines.append(f"  its log {log}{left_out}:" if said else f"  its log {log} is empty or was not written")
        lines += [f"    {line}" for line in said[-LOG_LINES:]]
    return "\n".join(lines)


def _with_bar(status: Status | None, running_s: float) -> str:
    if status is None or status.total == 0:
        return f"[{'.' * BAR_WIDTH}]  {as_clock(running_s)}"
    filled = BAR_WIDTH * min(status.done, status.total) // status.total
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}]  {status}"
