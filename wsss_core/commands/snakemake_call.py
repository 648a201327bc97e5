"""The Snakemake command line that `wsss run` and `wsss plan` stand for."""

import sys
from collections.abc import Sequence
from pathlib import Path

from wsss_core.settings.base import SettingsError, nearest

PROFILES = "profiles"


def snakemake_command(
    root: Path,
    config: Path,
    profile: str = "local",
    targets: Sequence[str] = (),
    cores: int | None = None,
    extra: Sequence[str] = (),
) -> list[str]:
    """Arguments of `python -m snakemake` for one experiment, to be run in the folder `root`.

    `extra` comes last and wins over the profile. Raises `SettingsError` for an unknown profile.
    """
    command = [sys.executable, "-m", "snakemake", *targets, "--configfile", str(config.resolve())]
    command += ["--workflow-profile", str(_profile_folder(root, profile))]
    if cores is not None:
        command += ["--cores", str(cores)]
    return [*command, *extra]


def _profile_folder(root: Path, profile: str) -> Path:
    given = Path(profile)
    folder = given.resolve() if (given / "config.yaml").is_file() else root / PROFILES / profile
    if not (folder / "config.yaml").is_file():
        known = [path.parent.name for path in (root / PROFILES).glob("*/config.yaml")]
        raise SettingsError(f"there is no profile {profile!r} in {root / PROFILES}; {nearest(profile, known)}")
    return folder
