import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from commands.fake_slurm import DOWN, UP, fake_program, up_at_the_third_time

from wsss_core.cli import main
from wsss_core.commands import run, slurm_controller
from wsss_core.commands.places import workflow_root


class Replaced(Exception):
    """Stands for the end of this process when Snakemake takes its place."""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str], str]]:
    calls: list[tuple[list[str], dict[str, str], str]] = []

    def execve(path: str, command: list[str], environment: dict[str, str]) -> None:
        assert path == sys.executable
        calls.append((command, environment, os.getcwd()))
        raise Replaced

    monkeypatch.setattr(run.os, "execve", execve)
    monkeypatch.chdir(Path.cwd())  # so that the folder is put back after the command has changed it
    return calls


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", *arguments])


def test_snakemake_takes_the_place_of_the_command(
    executed: list, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    result = call("pets.yaml", "--cores", "2")
    assert isinstance(result.exception, Replaced)
    [(command, environment, folder)] = executed
    assert command[1:3] == ["-m", "snakemake"]
    assert command[command.index("--configfile") + 1] == str(config)
    assert command[-2:] == ["--cores", "2"]
    assert folder == str(workflow_root())
    assert environment["PATH"].startswith(str(Path(sys.executable).parent) + os.pathsep)


def test_until_asks_for_the_file_that_ends_the_stage(executed: list, config: Path) -> None:
    call(str(config), "--until", "regions")
    assert f"{config.parent}/results/pets/regions/stage.json" in executed[0][0]


def test_further_arguments_go_to_snakemake_as_they_are(executed: list, config: Path) -> None:
    call(str(config), "--", "--forcerun", "regions", "-n")
    assert executed[0][0][-3:] == ["--forcerun", "regions", "-n"]


def test_an_unknown_stage_is_refused_before_anything_starts(executed: list, config: Path) -> None:
    result = call(str(config), "--until", "regoins")
    assert result.exit_code == 2
    assert "did you mean 'regions'" in result.stderr
    assert executed == []


def test_a_wrong_config_is_refused_in_plain_words(executed: list, config: Path) -> None:
    config.write_text(config.read_text().replace("part_size", "part_siz"))
    result = call(str(config))
    assert result.exit_code == 2
    assert "part_size" in result.stderr
    assert "Traceback" not in result.output
    assert executed == []


def test_a_missing_config_is_refused(executed: list, tmp_path: Path) -> None:
    result = call(str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "none.yaml does not exist" in result.stderr


def test_an_unknown_profile_is_refused(executed: list, config: Path) -> None:
    result = call(str(config), "--profile", "locl")
    assert result.exit_code == 2
    assert "did you mean 'local'" in result.stderr


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stand-ins for SLURM's programs; the one argument is what `scontrol` runs."""
    monkeypatch.setattr(slurm_controller, "ASK_EVERY_S", 0.01)
    fake_program(tmp_path, monkeypatch, "squeue", "true")
    return partial(fake_program, tmp_path, monkeypatch, "scontrol")


def test_a_run_on_slurm_says_that_the_controller_answers(executed: list, config: Path, slurm: Callable) -> None:
    slurm(f"echo '{UP}'")
    result = call(str(config), "--profile", "slurm")
    assert f"SLURM: {UP}" in result.stderr
    assert len(executed) == 1


def test_a_run_on_slurm_waits_for_a_controller_that_comes_back_in_time(
    executed: list, config: Path, slurm: Callable, tmp_path: Path
) -> None:
    slurm(up_at_the_third_time(tmp_path))
    result = call(str(config), "--profile", "slurm")
    assert f"waiting for it up to 120 s ({DOWN})" in result.stderr
    assert len(executed) == 1


@pytest.mark.parametrize("more", [(), ("--gate",)])
def test_a_run_on_slurm_gives_up_when_no_controller_ever_answers(
    executed: list, config: Path, slurm: Callable, more: tuple[str, ...]
) -> None:
    slurm(f"echo '{DOWN}'; exit 1")
    result = call(str(config), "--profile", "slurm", "--controller-timeout", "0.1", *more)
    assert result.exit_code == 2
    assert DOWN in result.stderr
    assert "Nothing was started" in result.stderr
    assert executed == []


def test_what_submits_no_job_needs_no_controller(executed: list, config: Path, slurm: Callable) -> None:
    slurm("exit 1")
    options = ("-n", "-np", "--touch", "--unlock")
    for option in options:
        call(str(config), "--profile", "slurm", "--controller-timeout", "0", "--", option)
    assert len(executed) == len(options)


def test_on_one_machine_nobody_asks_slurm(executed: list, config: Path, slurm: Callable, tmp_path: Path) -> None:
    slurm(f"touch {tmp_path}/asked")
    call(str(config))
    assert len(executed) == 1
    assert not (tmp_path / "asked").exists()
