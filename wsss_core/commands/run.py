"""`wsss run`: Snakemake with the right files and profile."""

import os
import sys
from pathlib import Path

import click

from wsss_core.commands.places import workflow_root
from wsss_core.commands.snakemake_call import environment, snakemake_command, targets_until
from wsss_core.settings.experiment import Experiment

PROGRESS_LOGGER = "wsss"
"""The Snakemake plugin in the folder snakemake_logger_plugin_wsss, which shows how far the jobs are."""


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--until", metavar="STAGE", help="Stop when this stage and what it needs are done.")
@click.option("--cores", type=click.IntRange(min=1), help="CPU cores to use; default: what the profile says.")
@click.option("--profile", default="local", show_default=True, help="Folder in profiles/, or a path to one.")
@click.argument("extra", nargs=-1)
def run(config: Path, until: str | None, cores: int | None, profile: str, extra: tuple[str, ...]) -> None:
    """Run an experiment: everything that is not up to date, from the results there are.

    What follows `--` goes to snakemake as it is, e.g. `wsss run CONFIG -- --forcerun seeds`.
    """
    experiment = Experiment.load(config)  # a wrong config is refused here, in a second, rather than by Snakemake
    root = workflow_root()
    command = snakemake_command(
        root, config, profile, targets_until(experiment, until, root), cores, extra, PROGRESS_LOGGER
    )
    sys.stdout.flush()
    os.chdir(root)
    # Snakemake takes this process's place: Ctrl-C and signals of a scheduler reach it, and its exit code is ours.
    os.execve(command[0], command, environment(root))
