"""Cards that jobs ask for."""

from pathlib import Path

import pytest

from wsss_core.registry import KINDS
from wsss_core.stages.gpus import GPU_KINDS, card_at_hand, gpus_of_job, torch_build


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def test_without_a_card_no_job_waits_for_one(devices: Path) -> None:
    assert [gpus_of_job(kind, "auto", devices) for kind in KINDS] == [0] * len(KINDS)


def test_with_a_card_jobs_that_run_networks_take_it_and_others_do_not(devices: Path) -> None:
    (devices / "nvidia0").touch()
    assert {kind for kind in KINDS if gpus_of_job(kind, "auto", devices)} == set(GPU_KINDS)


def test_the_control_device_alone_is_no_card(devices: Path) -> None:
    (devices / "nvidiactl").touch()
    assert not card_at_hand(devices)


def test_windows_subsystem(devices: Path) -> None:
    (devices / "dxg").touch()
    assert card_at_hand(devices)


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_hidden_cards_do_not_count(devices: Path, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    (devices / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpus_of_job("cams", "auto", devices) == 0


def test_the_experiment_has_the_last_word(devices: Path) -> None:
    assert gpus_of_job("cams", "cuda", devices) == gpus_of_job("cams", "cuda:1", devices) == 1
    (devices / "nvidia0").touch()
    assert gpus_of_job("cams", "cpu", devices) == 0


def test_the_environment_of_the_jobs_has_the_build_of_torch_that_they_need(devices: Path) -> None:
    assert [torch_build(device, devices) for device in ("cpu", "auto", "cuda", "cuda:1")] == ["cpu", "cpu"] + 2 * [
        "cuda"
    ]
    (devices / "nvidia0").touch()
    assert [torch_build(device, devices) for device in ("cpu", "auto")] == ["cpu", "cuda"]
    root = Path(__file__).resolve().parents[2]
    assert {path.stem for path in (root / "envs").glob("*.yaml")} == {"cpu", "cuda"}
