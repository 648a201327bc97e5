"""`wsss plan`: what would run and why, one line per stage."""

import re
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
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment

UP_TO_DATE = "up to date"
_ERROR_LINES = 25
_REFUSED = re.compile(r"the experiment cannot run\.\n(.*)\Z", re.DOTALL)
"""What our Snakefile says of an experiment, its last words."""


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
    lines = planned_stages(experiment, parse_jobs(_output(command, root)), until)
    click.echo(
        text_table(("stage", "kind", "jobs", "why"), [(s.name, s.kind, str(s.jobs or "-"), s.why) for s in lines])
    )
    total = sum(line.jobs for line in lines)
    click.echo(f"\n{total} jobs would run." if total else "\nNothing to do: all results are up to date.")


def _output(command: Sequence[str], root: Path) -> str:
    done = subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, check=False)
    text = f"{done.stdout}\n{done.stderr}"
    if done.returncode:
        if refused := _REFUSED.search(text):
            raise SettingsError(refused[1].strip())
        tail = "\n".join(text.strip().splitlines()[-_ERROR_LINES:])
        raise click.ClickException(f"snakemake --dry-run failed (exit code {done.returncode}):\n{tail}")
    return text


def planned_stages(experiment: Experiment, jobs: Iterable[Job], until: str | None = None) -> list[PlannedStage]:
    """One line per stage of the graph, upstream first; with `until`, only that stage and those it needs."""
    results = experiment.file.compute.results
    by_stage: dict[str, list[Job]] = {}
    for job in jobs:
        for ref in {found for file in job.outputs if (found := stage_of(file, results))}:
            by_stage.setdefault(ref, []).append(job)
    lines = []
    asked_for = _upstream(experiment, until)
    for ref, stage in experiment.graph.stages.items():
        if ref not in asked_for:
            continue
        mine = by_stage.get(ref, [])
        name = stage.name if stage.experiment == experiment.name else ref
        reasons = [explain(job.reason, results, experiment.name) for job in mine]
        lines.append(PlannedStage(name, stage.kind, len(mine), _why(reasons, own=f"follows {name}")))
    return lines


def _upstream(experiment: Experiment, until: str | None) -> set[str]:
    """References of the stage `until` and of all that it needs; of every stage when it is None."""
    stages = experiment.graph.stages
    if until is None:
        return set(stages)
    waiting = [until if "/" in until else f"{experiment.name}/{until}"]
    found: set[str] = set()
    while waiting:
        ref = waiting.pop()
        found.add(ref)
        waiting += [source for refs in stages[ref].inputs.values() for source in refs if source not in found]
    return found


def _why(reasons: Sequence[Sequence[str]], own: str) -> str:
    """The reasons of a stage's jobs, each once; with the number of jobs where one does not hold for all.

    `own`: what the job says that sums up the stage's other jobs; left out, the others have said why.
    """
    counts: dict[str, int] = {}
    for sentence in (sentence for sentences in reasons for sentence in sentences if sentence != own):
        counts[sentence] = counts.get(sentence, 0) + 1
    if not reasons:
        return UP_TO_DATE
    total = sum(any(sentence != own for sentence in sentences) for sentences in reasons)
    return "; ".join(text if count == total else f"{text} ({count} of {total})" for text, count in counts.items())
