"""The files around the package agree with it: environments, Makefile, CI, documentation."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from wsss_core import cli

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
SLURM_PLUGINS = {"snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep"}
NOT_FOR_JOBS = {"snakemake", *SLURM_PLUGINS}  # they start the jobs and are not used by them


def required_packages() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[<>=!~ ;\[]", line)[0] for line in project["dependencies"]}


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_conda_environments_hold_every_package_that_jobs_need(kind: str) -> None:
    entries = yaml.safe_load((ROOT / f"envs/{kind}.yaml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    names = {re.split("=", entry)[0] for entry in [*pip, *(entry for entry in entries if isinstance(entry, str))]}
    assert {CONDA_NAMES.get(name, name) for name in required_packages() - NOT_FOR_JOBS} <= names
    assert any(f"={kind}*" in entry for entry in entries if isinstance(entry, str))


def test_the_two_conda_environments_differ_in_the_build_of_torch_only() -> None:
    cpu, cuda = (yaml.safe_load((ROOT / f"envs/{kind}.yaml").read_text()) for kind in ("cpu", "cuda"))
    differing = [pair for pair in zip(cpu["dependencies"], cuda["dependencies"], strict=True) if pair[0] != pair[1]]
    assert [pair[0].split("=")[0] for pair in differing] == ["pytorch"]


def test_every_sub_command_and_option_is_documented() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    context = click.Context(cli.main)
    for name in cli.SUBCOMMANDS:
        assert f"wsss {name}" in text
        command = cli.main.get_command(context, name)
        assert command is not None
        assert command.help


def test_options_that_the_documentation_names_exist() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    context = click.Context(cli.main)
    for line in re.findall(r"^    wsss (.+)$", text, flags=re.MULTILINE):
        name, *words = re.split(r" \[?-- ", line)[0].split()
        command = cli.main.get_command(context, name)
        assert command is not None, line
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.strip("[]") for word in words if word.strip("[").startswith("--")} <= known, line


def test_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text()
    commands = re.findall(r"^    (?:\$ )?(wsss|make) ([a-z-]+)", text, flags=re.MULTILINE)
    assert {("make", "run"), ("make", "test")} <= set(commands)
    for tool, name in commands:
        assert name in cli.SUBCOMMANDS if tool == "wsss" else f"\n{name}:" in makefile


def test_make_takes_a_config_with_spaces_in_its_name() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "run", "lint-workflow", "CONFIG=my photos.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count('"my photos.yaml"') == 3
    assert len(re.findall("my photos.yaml", done.stdout)) == 3


def test_citation_names_all_systems() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    notes = " ".join(reference["notes"] for reference in citation["references"])
    for system in ("PSA", "IRN", "EPS", "WS-FCN", "SPML", "FMA-WSSS"):
        assert system in notes


def test_ci_runs_the_linters_and_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "lint" in text
    assert "\nmake test" in text
    subprocess.run(["bash", "-n", str(script)], check=True)


def make_with(folder: Path, lint: int, tests: int, slurm: int = 0) -> subprocess.CompletedProcess[str]:
    """`.ci/run` in a folder whose `make lint`, `make test` and `make test-slurm` end with the given codes."""
    (folder / "slurmctld").touch(mode=0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    (folder / ".ci").mkdir()
    (folder / ".ci/run").write_text((ROOT / ".ci/run").read_text())
    (folder / "Makefile").write_text(
        f"env:\n\t@true\nlint:\n\t@exit {lint}\ntest-slurm:\n\t@echo '9 passed in 1.00s'; exit {slurm}\n"
        f"test:\n\t@echo '3 passed in 1.00s'; exit {tests}\n"
    )
    return subprocess.run(
        ["bash", str(folder / ".ci/run")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("lint", "tests", "slurm", "code"), [(0, 0, 0, 0), (1, 0, 0, 1), (0, 1, 0, 1), (1, 1, 0, 1), (0, 0, 1, 1)]
)
def test_ci_ends_with_the_closing_line_of_pytest_and_the_right_code(
    tmp_path: Path, lint: int, tests: int, slurm: int, code: int
) -> None:
    done = make_with(tmp_path, lint, tests, slurm)
    assert done.stdout.strip().splitlines()[-1] == "3 passed in 1.00s"
    assert done.stderr == ""
    assert done.returncode == code


def test_the_licence_is_apache() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
