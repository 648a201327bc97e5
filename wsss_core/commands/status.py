"""`wsss status`: what runs, what failed and why, and what a killed Snakemake has left behind."""

from pathlib import Path

import click

from wsss_core.artifacts.claim import SUFFIX, is_dead, read_claim
from wsss_core.commands.orphans import LOGS_READ, living_run, orphans
from wsss_core.commands.places import results_folder, workflow_root
from wsss_core.commands.run_log import LoggedJob, RunLog, run_logs
from wsss_core.commands.slurm_queue import QueuedJob, QueueSilent, queued_jobs
from wsss_core.commands.text_table import text_table


@click.command()
def status() -> None:
    """Say what runs, what failed and why, and which jobs a killed run has left behind; nothing is changed."""
    root = workflow_root()
    logs = run_logs(root, LOGS_READ)
    queue, fault = _queue(root)
    lines = [*(run_lines(logs[0], queue, root) if logs else ["Nothing has run here yet."]), *fault]
    lines += orphan_lines(orphans(queue, logs))
    lines += writer_lines(results_folder()) if not logs or not living_run(logs[0]) else []
    click.echo("\n".join(lines))


def _queue(root: Path) -> tuple[list[QueuedJob], list[str]]:
    try:
        return queued_jobs(root), []
    except QueueSilent as error:
        return [], [f"The cluster's queue is not known: {error}. Jobs on it go on; ask again later."]


def run_lines(log: RunLog, queue: list[QueuedJob], root: Path) -> list[str]:
    """State of the last run, a table of its jobs at work, and why the failed ones failed."""
    done, failed = log.in_state("finished"), log.in_state("failed")
    alive = living_run(log)
    unfinished = log.in_state("running")
    lines = [f"Run of {log.date} on {log.host}: {_state(log, alive)}", _counts(len(done), len(failed), log.total)]
    on_cluster = {job.number: job for job in queue}
    if alive is not False:
        rows = [_row(job, on_cluster.get(job.slurm_job)) for job in unfinished]
        lines += ["", text_table(("at work", "SLURM job", "state", "time", "where"), rows)] if rows else []
    elif unfinished:
        lines += ["", f"Unfinished when it was killed: {'; '.join(job.title for job in unfinished)}"]
    for job in failed:
        lines += ["", *failure_lines(job, root)]
    if alive is False and not log.ended:
        lines += ["", "To do: `wsss run CONFIG -- --unlock`, then `wsss run CONFIG`; what is finished is kept."]
    return lines


def _state(log: RunLog, alive: bool | None) -> str:
    if alive is None:
        return "ask on that machine whether it goes on"
    return "goes on" if alive else "ended" if log.ended else "was killed"


def _counts(done: int, failed: int, total: int) -> str:
    return f"{done} of {max(total - 1, done)} jobs done, {failed} failed"  # one is the target that asks for the others


def _row(job: LoggedJob, queued: QueuedJob | None) -> tuple[str, str, str, str, str]:
    again = f", attempt {job.failures + 1}" if job.failures else ""
    if queued is None:
        return (job.title + again, job.slurm_job or "-", "at work" if not job.slurm_job else "leaving", "-", "-")
    return (job.title + again, queued.number, queued.state, queued.time, queued.where)


def failure_lines(job: LoggedJob, root: Path) -> list[str]:
    """Which job failed, the cluster's word on it, the last line of its log, and where the logs are."""
    times = f" ({job.failures} attempts)" if job.failures > 1 else ""
    reason = f", SLURM says {job.reason}" if job.reason else ""
    lines = [f"FAILED: {job.title}{times}{reason}"]
    for log in job.logs[:1]:
        if said := _last_line(root / log):
            lines.append(f"  {said}")
    return [*lines, *(f"  log: {log}" for log in job.logs)]


def _last_line(path: Path) -> str:
    try:
        said = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(said) if line.strip()), "")


def orphan_lines(jobs: list[QueuedJob]) -> list[str]:
    """Jobs of the cluster without a Snakemake, and what to do about them; nothing where there are none."""
    if not jobs:
        return []
    rows = [(job.number, job.state, job.time, job.what, job.where) for job in jobs]
    numbers = " ".join(job.number for job in jobs)
    return [
        "",
        "Orphans: jobs on the cluster whose Snakemake is gone. They go on, and what they finish is kept.",
        text_table(("SLURM job", "state", "time", "rule and wildcards", "where"), rows),
        f"To do: wait until they end, or `scancel {numbers}`; then run again.",
    ]


def writer_lines(results: Path) -> list[str]:
    """Processes that write results although no Snakemake is there; nothing where there are none."""
    found = [
        path for pattern in (f".*{SUFFIX}", f"parts/.*{SUFFIX}") for path in sorted(results.glob(f"*/*/{pattern}"))
    ]
    held = [(path, claim) for path in found if not is_dead(path, claim := read_claim(path))]
    return [
        f"{path.relative_to(results).parent} is being written by {claim or 'an unknown process'}"
        for path, claim in held
    ]
