import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsss_core.cli import main
from wsss_core.commands import run
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
