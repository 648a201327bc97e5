"""Asking SLURM's controller, with a stand-in for `scontrol`."""

import threading
import time
from pathlib import Path

import pytest
from commands.fake_slurm import DOWN, UP, fake_program, up_at_the_third_time

from wsss_core.commands import slurm_controller
from wsss_core.commands.places import workflow_root
from wsss_core.commands.slurm_controller import (
    Answer,
    ControllerSilent,
    ask_controller,
    uses_slurm,
    wait_for_controller,
)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(f"echo '{UP}'", True, id="up"),
        pytest.param(f"echo '{DOWN}'; echo 'Slurmctld(backup) at head2 is UP'; exit 1", True, id="one of two"),
        pytest.param(f"echo '{DOWN}'", False, id="down"),
        pytest.param("echo 'Unable to contact slurm controller' >&2; exit 1", False, id="error"),
    ],
)
def test_a_controller_answers_when_one_of_them_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, expected: bool
) -> None:
    fake_program(tmp_path, monkeypatch, "scontrol", script)
    assert ask_controller().is_up is expected


def test_an_answer_has_the_words_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, monkeypatch, "scontrol", f"echo '{DOWN}'; echo 'no route' >&2; exit 1")
    assert ask_controller() == Answer(False, f"{DOWN} no route")
    fake_program(tmp_path, monkeypatch, "scontrol", "exit 4")
    assert ask_controller().text == "scontrol ping said nothing, exit code 4"


def test_a_controller_that_hangs_or_is_not_installed_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_controller, "PING_TIMEOUT_S", 0.2)
    fake_program(tmp_path, monkeypatch, "scontrol", "while :; do :; done")
    assert ask_controller() == Answer(False, "scontrol ping gave no answer within 0.2 s")
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert ask_controller() == Answer(False, "scontrol cannot be run (No such file or directory)", asked=False)


@pytest.mark.parametrize(("patience_s", "limit"), [(float("inf"), ""), (600.0, " up to 600 s")])
def test_a_run_waits_for_the_controller_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience_s: float, limit: str
) -> None:
    fake_program(tmp_path, monkeypatch, "scontrol", up_at_the_third_time(tmp_path))
    monkeypatch.setattr(slurm_controller, "ASK_EVERY_S", 0.01)
    said: list[str] = []
    answer = wait_for_controller(said.append, threading.Event(), patience_s)
    assert answer == Answer(True, UP)
    assert len((tmp_path / "asked").read_text().splitlines()) == 3
    assert said == [f"SLURM's controller does not answer; waiting for it{limit} ({DOWN})"]


def test_patience_ends_with_what_was_found_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, monkeypatch, "scontrol", f"echo '{DOWN}'; exit 1")
    monkeypatch.setattr(slurm_controller, "ASK_EVERY_S", 0.05)
    said: list[str] = []
    start_s = time.monotonic()
    with pytest.raises(ControllerSilent, match=r"after 0 s: Slurmctld\(primary\) .* DOWN\. Nothing was started"):
        wait_for_controller(said.append, threading.Event(), 0.3)
    assert time.monotonic() - start_s >= 0.3
    assert "waiting for it up to 0.3 s (" in said[0]


def test_without_slurm_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ControllerSilent, match="scontrol cannot be run"):
        wait_for_controller(pytest.fail, threading.Event(), 3600.0)


def test_a_cancelled_wait_has_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path, monkeypatch, "scontrol", f"echo '{DOWN}'; exit 1")
    cancelled = threading.Event()
    assert wait_for_controller(lambda text: cancelled.set(), cancelled) is None


def test_the_profile_says_whether_slurm_runs_the_jobs(tmp_path: Path) -> None:
    profiles = workflow_root() / "profiles"
    assert [uses_slurm(profiles / name) for name in ("slurm", "local")] == [True, False]
    (tmp_path / "config.yaml").write_text("")
    assert not uses_slurm(tmp_path)
