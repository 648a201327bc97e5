"""Two processes at one training: gloo on the CPU, started by torchrun."""

import json
import subprocess
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training.shared_training import train
from training.torchrun import torchrun

from wsss_core.training import processes
from wsss_core.training.history import read
from wsss_core.training.sampling import PieceSampler, SampleKey, batch_keys, own_pieces

SCRIPT = Path(__file__).with_name("shared_training.py")


def together(folder: Path, count: int = 2, **values: object) -> "subprocess.CompletedProcess[str]":
    """Train with `count` processes."""
    return torchrun(SCRIPT, folder, json.dumps(values), count=count)


def curve(folder: Path) -> list[float]:
    return [row["loss"] for row in read(folder)]  # type: ignore[misc]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "model.pt", weights_only=True)


def assert_close(left: Path, right: Path) -> None:
    assert curve(left) == pytest.approx(curve(right), rel=1e-5)
    ours, theirs = weights(left), weights(right)
    assert all(torch.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6) for name in ours)


@given(count=st.integers(1, 40), accumulate=st.integers(1, 4), size=st.integers(1, 5))
def test_the_processes_pieces_together_are_the_batch_and_nobody_is_idle(count: int, accumulate: int, size: int) -> None:
    keys = [SampleKey(0, number) for number in range(count)]
    if count < size:
        with pytest.raises(ValueError, match=f"batch of {count} images cannot be spread over {size} processes"):
            own_pieces(keys, accumulate, 0, size)
        return
    shares = [own_pieces(keys, accumulate, rank, size) for rank in range(size)]
    assert sorted(key for share in shares for piece in share for key in piece) == keys
    assert all(1 <= len(share) <= accumulate for share in shares)


def test_a_sampler_knows_how_many_pieces_of_a_step_are_its_own() -> None:
    for rank in range(3):
        sampler = PieceSampler(10, 7, 2, seed=1, first=4, last=6, rank=rank, size=3)
        assert len(list(sampler)) == 2 * sampler.pieces_per_step
    alone = [key for piece in PieceSampler(10, 7, 1, seed=1, first=4, last=5) for key in piece]
    assert alone == batch_keys(10, 7, 1, 4)


def test_a_process_that_is_alone_leaves_everything_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert processes.join("cpu") == "cpu"
    assert (processes.rank(), processes.size()) == (0, 1)
    figures = {"loss": 0.1 + 0.2}
    assert processes.sum_figures(figures, True, torch.device("cpu")) == (figures, False)
    parameter = torch.nn.Parameter(torch.ones(2))
    processes.sum_gradients([parameter])
    assert parameter.grad is None
    before = torch.get_rng_state()
    processes.seed_step(1, 2)
    with processes.main_first():
        assert processes.rank() == 0
    processes.leave()
    assert torch.equal(torch.get_rng_state(), before)
    assert processes.any_of(True)
    assert not processes.any_of(False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"batch": 4}, id="sgd"),
        pytest.param({"batch": 5, "accumulate": 1, "optimiser": "adamw", "learning_rate": 0.01}, id="odd batch"),
        pytest.param({"batch": 8, "accumulate": 2}, id="accumulated"),
    ],
)
def test_two_processes_have_the_loss_curve_of_one(tmp_path: Path, values: dict[str, object]) -> None:
    done = together(tmp_path / "two", task="plain", **values)
    assert done.returncode == 0, done.stderr
    train(tmp_path / "one", task="plain", **values)
    assert_close(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
def test_batch_norm_sees_the_images_of_one_process_as_of_one_piece(tmp_path: Path) -> None:
    done = together(tmp_path / "two", task="batch norm", batch=8)
    assert done.returncode == 0, done.stderr
    train(tmp_path / "one", task="batch norm", batch=8, accumulate=2)
    left, right = curve(tmp_path / "two"), curve(tmp_path / "one")
    assert left == pytest.approx(right, rel=1e-4)


@pytest.mark.slow
def test_two_processes_that_broke_off_go_on_together_or_alone(tmp_path: Path) -> None:
    train(tmp_path / "one", task="plain", batch=4)
    for name, count in (("both", 2), ("alone", 1)):
        broken = together(tmp_path / name, task="plain", batch=4, fail_at=3)
        assert broken.returncode != 0
        assert "the power went out" in broken.stderr
        assert list((tmp_path / name / "resume").glob("*.json"))
        if count == 2:
            assert together(tmp_path / name, task="plain", batch=4).returncode == 0
        else:
            train(tmp_path / name, task="plain", batch=4)
        assert_close(tmp_path / name, tmp_path / "one")


@pytest.mark.slow
def test_a_loss_that_is_no_number_in_one_process_stops_both(tmp_path: Path) -> None:
    done = together(tmp_path, task="plain", batch=4, nan_at=2)
    assert done.returncode != 0
    assert "step 2: expected a finite number, found loss nan" in done.stderr
    assert not (tmp_path / "model.pt").exists()
