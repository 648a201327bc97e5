import errno
import resource
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from wsss_core import cli
from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.data.labels import LabelError
from wsss_core.settings.base import SettingsError


def run_fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_help_lists_every_sub_command_without_importing_torch() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from wsss_core.cli import main;"
        "print(CliRunner().invoke(main, ['--help']).output); print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    *help_text, imported = run_fresh(code).strip().splitlines()
    assert imported == "False False"
    for name in cli.SUBCOMMANDS:
        assert any(line.split()[:1] == [name] for line in help_text)


def test_help_answers_within_half_a_second() -> None:
    code = "from click.testing import CliRunner; from wsss_core.cli import main; CliRunner().invoke(main, ['--help'])"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_fresh(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # processor time, which does not depend on what else the machine is doing
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.5


@pytest.mark.parametrize("name", cli.SUBCOMMANDS)
def test_every_sub_command_exists_and_has_help(name: str) -> None:
    result = CliRunner().invoke(cli.main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize("name", ["plan", "run"])
def test_commands_that_only_call_snakemake_import_no_torch(name: str) -> None:
    assert run_fresh(f"import sys, wsss_core.commands.{name}; print('torch' in sys.modules)").strip() == "False"


def test_an_unknown_sub_command_is_refused() -> None:
    result = CliRunner().invoke(cli.main, ["train"])
    assert result.exit_code == 2
    assert "No such command" in result.output


def failing(error: Exception) -> click.Command:
    @click.command()
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [SettingsError("wrong\nkey"), ArtifactError("disk full"), FileNotFoundError("no file"), LabelError("no label PNG")],
)
def test_user_errors_are_plain_text_with_exit_code_2(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: failing(error))
    result = CliRunner().invoke(cli.main, ["plan"])
    assert result.exit_code == 2
    assert result.stderr == f"wsss: {error}\n"
    assert result.stdout == ""


def test_other_value_errors_say_how_to_see_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: failing(ValueError("3 is odd")))
    result = CliRunner().invoke(cli.main, ["plan"])
    assert result.exit_code == 2
    assert result.stderr.startswith("wsss: 3 is odd\n")
    assert "--debug" in result.stderr


def test_a_reader_that_has_seen_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: failing(BrokenPipeError(errno.EPIPE, "")))
    result = CliRunner().invoke(cli.main, ["plan"])
    assert result.exit_code == 1
    assert result.stderr == ""


def test_debug_shows_where_an_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    error = SettingsError("wrong")
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: failing(error))
    assert CliRunner().invoke(cli.main, ["--debug", "plan"]).exception is error


def test_faults_of_the_program_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    error = TypeError("our own mistake")
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: failing(error))
    assert CliRunner().invoke(cli.main, ["plan"]).exception is error


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(cli.main, ["--version"])
    assert result.output.startswith("wsss, version ")
