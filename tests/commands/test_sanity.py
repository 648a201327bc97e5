"""`wsss sanity` on a made-up results folder."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_experiment import CLASSES, FakeExperiment

from wsss_core.cli import main
from wsss_core.commands import run as run_command


def sanity(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sanity", *arguments])


@pytest.fixture
def blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return FakeExperiment(tmp_path).results / "blobs"


def validated(blobs: Path, ap: float) -> None:
    """A classifier that was validated on `val` with that AP of every class."""
    row = {"kind": "epoch", "epoch": 1, "step": 1, "val_ap": dict.fromkeys(CLASSES[1:], ap)}
    (blobs / "classifier/history.jsonl").write_text(json.dumps(row) + "\n")
    about = json.loads((blobs / "classifier/stage.json").read_text())
    (blobs / "classifier/stage.json").write_text(json.dumps({**about, "settings": {"validation_split": "val"}}))


def test_good_cams_end_with_exit_code_0(blobs: Path) -> None:
    validated(blobs, 0.95)
    result = sanity("blobs")
    assert result.exit_code == 0, result.output
    assert "blobs/cams:" in result.output
    assert "AP of 6 classes on held-back images" in result.output
    assert "going on makes sense" in result.output


def test_a_classifier_that_guesses_ends_with_exit_code_1(blobs: Path) -> None:
    validated(blobs, 0.01)
    result = sanity("blobs/cams")
    assert result.exit_code == 1
    assert "going on is pointless" in result.output


def test_without_validation_only_the_cams_are_judged(blobs: Path) -> None:
    result = sanity("blobs")
    assert result.exit_code == 0
    assert "no image was held back" in result.output


def test_a_stage_of_another_kind_is_refused(blobs: Path) -> None:
    result = sanity("blobs/seeds")
    assert result.exit_code == 2
    assert "no stage 'seeds' of kind cams" in result.stderr


def test_a_gated_run_stops_where_the_first_part_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    result = CliRunner().invoke(main, ["run", str(config), "--gate"])
    assert result.exit_code == 2
    assert "--gate needs a stage of kind cams" in result.stderr
    text = config.read_text() + "  classifier: {method: psa}\n  cams: {method: multiscale}\n"
    config.write_text(text)
    asked: list[list[str]] = []

    class Done:
        returncode = 7

    monkeypatch.setattr(run_command.subprocess, "run", lambda command, **_: asked.append(command) or Done())
    assert CliRunner().invoke(main, ["run", str(config), "--gate"]).exit_code == 7
    assert asked[0][3].endswith("results/pets/cams/stage.json")
