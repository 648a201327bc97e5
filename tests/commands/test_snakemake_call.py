import os
import sys
from pathlib import Path

import pytest

from wsss_core.commands.snakemake_call import environment, snakemake_command
from wsss_core.settings.base import SettingsError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("local", "slurm"):
        (tmp_path / "profiles" / name).mkdir(parents=True)
        (tmp_path / "profiles" / name / "config.yaml").write_text("cores: all\n")
    return tmp_path


def test_the_command_names_config_profile_targets_and_cores(root: Path) -> None:
    config = root / "a b.yaml"
    command = snakemake_command(
        root, config, targets=["results/x/seeds/stage.json"], cores=3, extra=["--forcerun", "seeds"]
    )
    assert command == [
        sys.executable,
        *("-m", "snakemake", "results/x/seeds/stage.json"),
        *("--configfile", str(config)),
        *("--workflow-profile", str(root / "profiles/local")),
        *("--cores", "3", "--forcerun", "seeds"),
    ]


def test_the_profile_decides_on_cores_when_none_are_given(root: Path) -> None:
    assert "--cores" not in snakemake_command(root, root / "x.yaml")


def test_a_profile_may_be_a_folder_elsewhere(root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "config.yaml").write_text("cores: 1\n")
    assert str(mine) in snakemake_command(root, root / "x.yaml", str(mine))


def test_an_unknown_profile_is_refused_with_the_nearest_name(root: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'slurm'"):
        snakemake_command(root, root / "x.yaml", "slrum")


def test_jobs_find_this_python_and_the_package_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    assert environment(root)["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert environment(root)["PYTHONPATH"] == f"{root}{os.pathsep}/mine"
    monkeypatch.delenv("PYTHONPATH")
    assert environment(root)["PYTHONPATH"] == str(root)
