"""The Snakemake command line that `wsss run` and `wsss plan` stand for."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.experiment import Experiment
from wsss_core.stages.plan import Plan

PROFILES = "profiles"


def snakemake_command(
    root: Path,
    config: Path,
    profile: str = "local",
    targets: Sequence[str] = (),
    cores: int | None = None,
    extra: Sequence[str] = (),
    logger: str | None = None,
) -> list[str]:
    """Arguments of `python -m snakemake` for one experiment, to be run in the folder `root`.

    `logger`: name of a logger plugin of Snakemake. `extra` comes last and wins over the profile. Raises
    `SettingsError` for an unknown profile.
    """
    command = [sys.executable, "-m", "snakemake", *targets, "--configfile", str(config.resolve())]
    if logger is not None:
        command += ["--logger", logger]
    command += ["--workflow-profile", str(profile_folder(root, profile))]
    if cores is not None:
        command += ["--cores", str(cores)]
    return [*command, *extra]


def profile_folder(root: Path, profile: str) -> Path:
    """Folder of a profile of the checkout `root`, or of one given by its path. Raises `SettingsError`."""
    given = Path(profile)
    folder = given.resolve() if (given / "config.yaml").is_file() else root / PROFILES / profile
    if not (folder / "config.yaml").is_file():
        known = [path.parent.name for path in (root / PROFILES).glob("*/config.yaml")]
        raise SettingsError(f"there is no profile {profile!r} in {root / PROFILES}; {nearest(profile, known)}")
    return folder


def targets_until(experiment: Experiment, stage: str | None, root: Path) -> list[str]:
    """The file that ends `stage`, as a Snakemake target; none for a run of everything.

    Raises `SettingsError` when there is no such stage.
    """
    if stage is None:
        return []
    with contextlib.chdir(root):  # where relative paths lead in the workflow, see settings.paths
        plan = Plan(experiment)
        return [str(plan.finished(plan.find(stage)))]


def environment(root: Path) -> dict[str, str]:
    """This process's environment for a run in the checkout `root`.

    The rules call `python`: this one comes first on the path. Jobs in a conda environment find the package in `root`.
    """
    own = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(root)}
    return {**os.environ, **{key: os.pathsep.join([value, *_inherited(key)]) for key, value in own.items()}}


def _inherited(key: str) -> list[str]:
    value = os.environ.get(key, os.defpath if key == "PATH" else "")
    return [value] if value else []
