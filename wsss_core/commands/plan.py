"""`wsss plan`: what would run and why, one line per stage."""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from wsss_core.commands.dry_run import Job, parse_jobs, stage_of
from wsss_core.commands.places import workflow_root
from wsss_core.commands.reasons import explain
from wsss_core.commands.snakemake_call import environment, snakemake_command, targets_until
from wsss_core.commands.text_table import text_table
from wsss_core.settings.experiment import Experiment

UP_TO_DATE = "up to date"
_ERROR_LINES = 25


@dataclass(frozen=True)
class PlannedStage:
    """A line of the plan: stage, kind, number of jobs (parts) and the reasons in plain words."""

    name: str
    kind: str
    jobs: int
    why: str


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--until", metavar="STAGE", help="Only this stage and what it needs.")
@click.option("--profile", default="local", show_default=True, help="Folder in profiles/, or a path to one.")
def plan(config: Path, until: str | None, profile: str) -> None:
    """Say what would run and why, one line per stage; nothing is run or changed."""
    experiment = Experiment.load(config)
    root = workflow_root()
    command = snakemake_command(root, config, profile, targets_until(experiment, until, root), extra=["--dry-run"])
    lines = planned_stages(experiment, parse_jobs(_output(command, root)))
    click.echo(
        text_table(("stage", "kind", "jobs", "why"), [(s.name, s.kind, str(s.jobs or "-"), s.why) for s in lines])
    )
    total = sum(line.jobs for line in lines)
    click.echo(f"\n{total} jobs would run." if total else "\nNothing to do: all results are up to date.")


def _output(command: Sequence[str], root: Path) -> str:
    done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    text = f"{done.stdout}\n{done.stderr}"
    if done.returncode:
        tail = "\n".join(text.strip().splitlines()[-_ERROR_LINES:])
        raise click.ClickException(f"snakemake --dry-run failed (exit code {done.returncode}):\n{tail}")
    return text


def planned_stages(experiment: Experiment, jobs: Iterable[Job]) -> list[PlannedStage]:
    """One line per stage of the graph, upstream first; stages without jobs are up to date (or not asked for)."""
    results = experiment.file.compute.results
    by_stage: dict[str, list[Job]] = {}
    for job in jobs:
        for ref in {found for file in job.outputs if (found := stage_of(file, results))}:
            by_stage.setdefault(ref, []).append(job)
    lines = []
    for ref, stage in experiment.graph.stages.items():
        mine = by_stage.get(ref, [])
        name = stage.name if stage.experiment == experiment.name else ref
        lines.append(PlannedStage(name, stage.kind, len(mine), _why(mine, results, experiment.name)))
    return lines


def _why(jobs: Sequence[Job], results: str, experiment: str) -> str:
    """The reasons of a stage's jobs, each once; with its number of jobs where it does not hold for all."""
    counts: dict[str, int] = {}
    for job in jobs:
        for sentence in explain(job.reason, results, experiment):
            counts[sentence] = counts.get(sentence, 0) + 1
    if not jobs:
        return UP_TO_DATE
    return "; ".join(
        text if count == len(jobs) else f"{text} ({count} of {len(jobs)})" for text, count in counts.items()
    )
