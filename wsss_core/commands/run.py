"""`wsss run`: Snakemake with the right files and profile."""

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import click

from wsss_core.commands.orphans import refuse_orphans
from wsss_core.commands.places import workflow_root
from wsss_core.commands.sanity import is_pointless
from wsss_core.commands.slurm_controller import uses_slurm, wait_for_controller
from wsss_core.commands.snakemake_call import environment, profile_folder, snakemake_command, targets_until
from wsss_core.settings.base import SettingsError
from wsss_core.settings.experiment import Experiment

PROGRESS_LOGGER = "wsss"
"""The Snakemake plugin in the folder snakemake_logger_plugin_wsss, which shows how far the jobs are."""

UNLOCK = "--unlock"
"""Snakemake's option that removes the lock of a killed run and starts nothing."""

NO_JOBS = frozenset((UNLOCK, "-n", "-np", "-pn", "--dry-run", "--dryrun", "-t", "--touch", "-S", "--summary"))
"""Options of Snakemake with which no job is submitted."""


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--until", metavar="STAGE", help="Stop when this stage and what it needs are done.")
@click.option("--cores", type=click.IntRange(min=1), help="CPU cores to use; default: what the profile says.")
@click.option("--profile", default="local", show_default=True, help="Folder in profiles/, or a path to one.")
@click.option("--gate", is_flag=True, help="Make the CAMs first, and go on only if they are worth it (`wsss sanity`).")
@click.option(
    "--controller-timeout",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="On SLURM: how long to wait at the start for a controller; one that goes away later is waited for.",
)
@click.argument("extra", nargs=-1)
@click.pass_context
def run(
    ctx: click.Context,
    config: Path,
    until: str | None,
    cores: int | None,
    profile: str,
    gate: bool,
    controller_timeout: float,
    extra: tuple[str, ...],
) -> None:
    """Run an experiment: everything that is not up to date, from the results there are.

    What follows `--` goes to snakemake as it is, e.g. `wsss run CONFIG -- --forcerun seeds`.
    """
    experiment = Experiment.load(config)  # a wrong config is refused here, in a second, rather than by Snakemake
    root = workflow_root()
    if uses_slurm(profile_folder(root, profile)) and NO_JOBS.isdisjoint(extra):
        _ask_slurm(controller_timeout)
    if gate and (code := _gate(experiment, config, root, profile, cores, extra)):
        ctx.exit(code)
    command = snakemake_command(
        root, config, profile, targets_until(experiment, until, root), cores, extra, PROGRESS_LOGGER
    )
    if UNLOCK not in extra:
        refuse_orphans(root)
    sys.stdout.flush()
    os.chdir(root)
    # Snakemake takes this process's place: Ctrl-C and signals of a scheduler reach it, and its exit code is ours.
    os.execve(command[0], command, environment(root))


def _ask_slurm(patience_s: float) -> None:
    """Say what SLURM's controller answers; raises `ControllerSilent` when there is none."""
    answer = wait_for_controller(partial(click.echo, err=True), threading.Event(), patience_s)
    if answer is not None:
        click.echo(f"SLURM: {answer.text}", err=True)


def _gate(
    experiment: Experiment, config: Path, root: Path, profile: str, cores: int | None, extra: tuple[str, ...]
) -> int:
    """Exit code of a run up to the CAMs that failed, or 1 where they are no use; 0 when the run may go on."""
    stages = [name for name, stage in experiment.stages.items() if stage.kind == "cams"]
    targets = [target for name in stages for target in targets_until(experiment, name, root)]
    if not targets:
        raise SettingsError(f"{config}: --gate needs a stage of kind cams, found none; leave --gate out")
    command = snakemake_command(root, config, profile, targets, cores, extra, PROGRESS_LOGGER)
    done = subprocess.run(command, cwd=root, env=environment(root), check=False)
    if done.returncode:
        return done.returncode
    verdicts = [is_pointless(str((root / target).parent)) for target in targets]  # all of them, to be read
    return int(any(verdicts))
