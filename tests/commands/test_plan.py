import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsss_core.cli import main
from wsss_core.commands import plan as plan_module

JOB = "rule {rule}:\n    output: {results}/pets/{file}\n    jobid: 1\n    reason: {reason}\n"


@pytest.fixture
def dry_run(monkeypatch: pytest.MonkeyPatch, config: Path):  # type: ignore[no-untyped-def]
    """Sets what the pretended `snakemake --dry-run` prints; the commands it was called with are in `.calls`."""
    calls: list[list[str]] = []

    def pretend(*jobs: tuple[str, str, str], returncode: int = 0, text: str = "") -> list[list[str]]:
        results = config.parent / "results"
        output = text + "".join(
            JOB.format(rule=rule, file=file, results=results, reason=reason.replace("RESULTS", str(results)))
            for rule, file, reason in jobs
        )

        def fake_run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
            calls.append(command)
            return subprocess.CompletedProcess(command, returncode, stdout=output, stderr="")

        monkeypatch.setattr(plan_module.subprocess, "run", fake_run)
        return calls

    return pretend


def plan(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", str(config), *arguments])


def line_of(result: Result, stage: str) -> list[str]:
    [line] = [line for line in result.output.splitlines() if line.split()[:1] == [stage]]
    return line.split(maxsplit=3)


def test_each_stage_has_a_line_with_jobs_and_reason(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    follows = "Input files updated by another job: RESULTS/pets/data/manifest.arrow"
    missing = "Missing output files: x"
    dry_run(
        ("data", "data/manifest.arrow", "Updated input files: photos/tags.csv"),
        ("regions", "regions/parts/00000.arrow", follows),
        ("regions", "regions/parts/00001.arrow", f"{missing}; {follows}"),
    )
    result = plan(config)
    assert result.exit_code == 0, result.output
    assert line_of(result, "data") == ["data", "data", "1", "input is newer: photos/tags.csv"]
    assert line_of(result, "regions") == ["regions", "regions", "2", "follows data (1 of 2); not made yet (1 of 2)"]
    assert line_of(result, "coarse") == ["coarse", "regions", "-", "up to date"]
    assert "3 jobs would run." in result.output


def test_the_job_that_sums_up_a_stage_gives_no_reason_of_its_own(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    dry_run(
        ("regions", "regions/parts/00000.arrow", "Missing output files: x"),
        ("summary", "regions/stage.json", "Input files updated by another job: RESULTS/pets/regions/stats/00000.json"),
    )
    assert line_of(plan(config), "regions") == ["regions", "regions", "2", "not made yet"]


def test_nothing_to_do_is_said(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    dry_run(text="Nothing to be done (all requested files are present and up to date).\n")
    result = plan(config)
    assert result.exit_code == 0
    assert "Nothing to do: all results are up to date." in result.output


def test_until_leaves_out_what_is_not_asked_for(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    dry_run(("data", "data/manifest.arrow", "Missing output files: x"))
    lines = plan(config, "--until", "coarse").output.splitlines()
    assert [line.split()[0] for line in lines if line][2:] == ["data", "coarse", "1"]


def test_it_is_a_dry_run_of_the_same_command(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    calls = dry_run()
    plan(config, "--until", "coarse")
    [command] = calls
    assert command[-1] == "--dry-run"
    assert f"{config.parent}/results/pets/coarse/stage.json" in command


def test_a_failing_dry_run_shows_what_snakemake_said(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    dry_run(returncode=1, text="MissingInputException in rule data\n")
    result = plan(config)
    assert result.exit_code == 1
    assert "MissingInputException in rule data" in result.output


def test_an_experiment_that_cannot_run_is_told_in_our_own_words_alone(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    own = "data/VOC: no such folder.\nTo do: x."
    dry_run(returncode=1, text=f"Using profile x\nwsss: the experiment cannot run.\n{own}\n")
    result = plan(config)
    assert result.exit_code == 2
    assert own in result.stderr
    assert "profile" not in result.stderr


def test_a_wrong_config_never_reaches_snakemake(dry_run, config: Path) -> None:  # type: ignore[no-untyped-def]
    calls = dry_run()
    config.write_text(config.read_text().replace("felzenszwalb", "felzenswalb"))
    result = plan(config)
    assert result.exit_code == 2
    assert "did you mean 'felzenszwalb'" in result.stderr
    assert calls == []


def test_snakemake_itself_is_asked(config: Path) -> None:
    result = plan(config)
    assert result.exit_code == 0, result.output
    assert line_of(result, "data") == ["data", "data", "1", "not made yet"]
    assert line_of(result, "regions") == ["regions", "regions", "4", "not made yet"]  # three parts and their summary
    assert not (config.parent / "results").exists()
