"""`wsss doctor`: everything that can be known to go wrong is said before anything runs."""

import contextlib
from collections.abc import Collection, Iterable
from pathlib import Path

import click

from wsss_core.commands.checks.corrections import check_corrections
from wsss_core.commands.checks.data import DataReport, check_data
from wsss_core.commands.checks.device import check_device
from wsss_core.commands.checks.disk import check_disk, estimated_bytes
from wsss_core.commands.checks.files import check_files, check_folders
from wsss_core.commands.checks.finding import Finding, ok
from wsss_core.commands.checks.packages import check_compiled, check_packages
from wsss_core.commands.checks.weights import check_weights
from wsss_core.commands.places import workflow_root
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment
from wsss_core.settings.graph import Stage
from wsss_core.settings.precomputed import PrecomputedCamsSettings
from wsss_core.stages.plan import Plan


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.pass_context
def doctor(ctx: click.Context, config: Path) -> None:
    """Check configuration, data, weights, packages, disk and device before anything runs.

    Each line begins with ok, warning or fault; the exit code is 1 when a fault would stop the run.
    """
    config = config.resolve()
    # Where relative paths lead in the workflow, see settings.paths.
    with contextlib.chdir(workflow_root()):
        findings = _examine(config)
    faults, warnings = (sum(finding.level == level for finding in findings) for level in ("fault", "warning"))
    click.echo(f"\n{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}")
    ctx.exit(1 if faults else 0)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _examine(config: Path) -> list[Finding]:
    """All findings, printed as they come: a large data set takes a while."""
    shown = _show([*check_packages(), *check_compiled()])
    try:
        experiment = Experiment.load(config)
    except (SettingsError, OSError) as error:
        return shown + _show([Finding("fault", f"config {config}:\n{error}")])
    shown += _show([ok(f"config {config}: {len(experiment.stages)} stages: {', '.join(experiment.stages)}")])
    reports = [check_data(stage) for stage in experiment.graph.of_kind("data")]
    for report in reports:
        shown += _show(report.findings, report.table)
    if not any(finding.level == "fault" for finding in shown):
        shown += _show(_check_graph(experiment, frozenset().union(*(report.skipped for report in reports))))
    else:
        later = "stage graph: which images each stage takes is looked at when the faults above are mended"
        shown += _show([Finding("warning", later), *check_folders(experiment.graph)])
    shown += _show(check_weights(experiment.graph))
    shown += _show(check_disk(Path(experiment.file.compute.results), _needed_bytes(experiment, reports)))
    compute = experiment.file.compute
    return shown + _show(check_device(compute.device, on_cluster="cluster" in compute.model_fields_set))


def _show(findings: Iterable[Finding], table: str = "") -> list[Finding]:
    found = list(findings)
    for finding in found:
        click.echo("\n".join(finding.lines()))
    if table:
        click.echo("\n" + "\n".join(f"         {line}" for line in table.splitlines()) + "\n")
    return found


def _check_graph(experiment: Experiment, skipped: Collection[str]) -> list[Finding]:
    """Do the splits that the stages name exist, do inputs cover them, and are the files there that stages take?"""
    try:
        plan = Plan(experiment)
    except (ValueError, OSError) as error:
        return [Finding("fault", f"stage graph: {error}")]
    return [ok("stage graph: all inputs and splits fit"), *check_files(plan, skipped), *check_corrections(plan)]


def _needed_bytes(experiment: Experiment, reports: Iterable[DataReport]) -> int:
    stages = [(_result_kind(stage), getattr(stage.settings, "network", None)) for stage in experiment.stages.values()]
    return estimated_bytes(stages, sum(report.pixels for report in reports))


def _result_kind(stage: Stage) -> str:
    """CAMs from files are kept at image size, those of a network on its grid."""
    return "cam files" if isinstance(stage.settings, PrecomputedCamsSettings) else stage.kind
