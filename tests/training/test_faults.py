"""Trainings killed without warning, full disks: nothing is lost, and the bytes are those of an unbroken training."""

import json
import os
import random
import resource
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils._pytree import tree_map
from training.toy_training import ToyTask, toy_context, toy_settings

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.training import resume
from wsss_core.training.history import read
from wsss_core.training.loop import fit

EPOCHS = 4
STEPS = 3 * EPOCHS
KILLS = 50
DONE, FAULT = 0, 3
TIMES = ("time_s", "step_s", "val_s", "images_per_s")


def train(folder: Path, task: ToyTask | None = None) -> None:
    settings = toy_settings(epochs=EPOCHS)
    fit(task or ToyTask(), settings, toy_context(folder, settings))


def forked(work: Callable[[], object]) -> int:
    """Process number of a child that does `work` and ends; much quicker than a new interpreter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: the test process has threads
        child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        work()
        os._exit(DONE)
    except BaseException:
        os._exit(FAULT)


def ended(child: int) -> int:
    """Exit code of a child, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcome(folder: Path) -> tuple[dict[str, list], list[tuple]]:
    """Weights to the last bit, and the history without its times."""
    state = torch.load(folder / "model.pt", weights_only=True)
    rows = [(row["kind"], row["step"], row["loss"], row.get("val_score"), row.get("lr")) for row in read(folder)]
    return {name: value.tolist() for name, value in state.items()}, rows


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list], list[tuple]]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return outcome(folder)


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half_written(content: object, file) -> None:
    file.write(b"half a state")
    file.flush()
    die()


PLACES = {
    "before the state is written": ("torch.save", die),
    "while the state is written": ("torch.save", half_written),
    "before the state has its name": ("wsss_core.artifacts.atomic.os.replace", die),
    "between the state and its digest": ("wsss_core.training.resume.write_json", die),
    "before the old state goes": ("wsss_core.training.resume._remove", die),
    "before the states are cleared": ("wsss_core.training.resume.StateStore.clear", die),
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_every_place_of_a_save_it_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: object, place: str
) -> None:
    name, deadly = PLACES[place]

    def work() -> None:
        with monkeypatch.context() as patch:
            after = ToyTask.loss

            def armed(self: ToyTask, batch: dict) -> object:
                if self.calls == 7:
                    patch.setattr(name, deadly)
                return after(self, batch)

            patch.setattr(ToyTask, "loss", armed)
            train(tmp_path)

    assert ended(forked(work)) == -signal.SIGKILL
    assert (tmp_path / "resume").is_dir()
    train(tmp_path)
    assert outcome(tmp_path) == unbroken
    assert not (tmp_path / "resume").exists()


def kills(folder: Path, count: int, longest_s: float, chance: random.Random) -> tuple[int, int]:
    """Kill a training `count` times at random instants; kills that met it, and those that met a save."""
    met = in_save = 0
    while met < count:
        child = forked(lambda: train(folder))
        time.sleep(chance.uniform(0, longest_s))
        os.kill(child, signal.SIGKILL)
        code = ended(child)
        assert code in (DONE, -signal.SIGKILL)
        if code == DONE:
            return met, in_save
        met += 1
        states = folder / "resume"
        in_save += any(states.glob(".*.partial")) or any(
            not path.with_suffix(".json").exists() for path in states.glob("*.pt")
        )
    return met, in_save


def last_state(folder: Path) -> dict[str, object]:
    """All that a training ends with, to the last bit: weights, optimiser, generators, step, history without times."""
    state = torch.load(sorted((folder / "resume").glob("state-*.pt"))[-1], weights_only=True)
    rows = [
        {key: value for key, value in json.loads(line).items() if key not in TIMES}
        for line in state["rows"].splitlines()
    ]
    plain = {name: state[name] for name in ("network", "optimiser", "random_states", "step")}
    return {"rows": rows, **tree_map(lambda value: value.tolist() if torch.is_tensor(value) else value, plain)}


@pytest.mark.slow
def test_killed_at_fifty_random_instants_it_ends_with_the_bits_of_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume.StateStore, "clear", lambda self: None)  # so that the last states can be compared
    torch.set_num_threads(1)
    started = time.monotonic()
    assert ended(forked(lambda: train(tmp_path / "unbroken"))) == DONE
    longest_s = (time.monotonic() - started) / 4
    expected = outcome(tmp_path / "unbroken"), last_state(tmp_path / "unbroken")
    seed = random.SystemRandom().randrange(2**32)  # other instants with every run of the test
    chance = random.Random(seed)
    met = in_save = number = 0
    while met < KILLS:
        folder = tmp_path / f"{number}"
        fresh = kills(folder, KILLS - met, longest_s, chance)
        met, in_save, number = met + fresh[0], in_save + fresh[1], number + 1
        train(folder)
        assert (outcome(folder), last_state(folder)) == expected, f"seed {seed}"
    assert in_save > 0, f"no save was met, seed {seed}"


@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_after_damage_to_the_last_state_it_goes_on_from_the_one_before_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, unbroken: object, damage: str
) -> None:
    with pytest.raises(ConnectionError):
        train(tmp_path, ToyTask(fail_at=9))
    last = tmp_path / "resume" / "state-000000009.pt"
    content = bytearray(last.read_bytes())
    content[100] ^= 1
    last.write_bytes(content if damage == "flipped" else content[:100])
    task = ToyTask()
    train(tmp_path, task)
    assert task.calls == STEPS - 8
    assert "state-000000009.pt is not used and deleted: the file is damaged" in caplog.text
    assert outcome(tmp_path) == unbroken


def test_a_full_disk_is_named_and_the_last_state_is_kept(tmp_path: Path, unbroken: object) -> None:
    def work() -> None:
        with pytest.raises(ConnectionError):
            train(tmp_path, ToyTask(fail_at=5))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))  # writes fail as on a full disk
        with pytest.raises(ArtifactError) as error:
            train(tmp_path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        (tmp_path / "error.json").write_text(json.dumps(str(error.value)))

    assert ended(forked(work)) == DONE
    said = json.loads((tmp_path / "error.json").read_text())
    assert "state-000000006.pt" in said
    assert "what was finished before is kept" in said
    assert sorted(path.name for path in (tmp_path / "resume").glob("*.pt")) == [
        "state-000000004.pt", "state-000000005.pt",
    ]  # fmt: skip
    assert list((tmp_path / "resume").glob(".*.partial")) == []
    train(tmp_path)
    assert outcome(tmp_path) == unbroken


def test_what_killed_writers_left_does_not_pile_up(tmp_path: Path) -> None:
    store = resume.StateStore(tmp_path / "resume", "key")
    store.folder.mkdir()
    (store.folder / ".state-000000002.pt.x.partial").write_bytes(b"half")
    assert store.load() is None
    assert list(store.folder.iterdir()) == []
