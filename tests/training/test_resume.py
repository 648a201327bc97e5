"""States of a training on disk."""

from pathlib import Path

import pytest
import torch

from wsss_core.training.resume import StateStore, TrainingState


def state(step: int) -> TrainingState:
    return TrainingState(
        step=step,
        network={"weight": torch.full((2, 2), float(step))},
        optimiser={"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        random_states={"cpu": torch.get_rng_state()},
        rows=[{"kind": "step", "step": step, "val_ap": {"cat": None}}],
        means={"in_epoch": {"loss": (1.5, 2)}},
        time_s=2.5,
    )


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "resume", "key")


def names(store: StateStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_a_saved_state_is_loaded_as_it_was(store):
    store.save(state(3))
    loaded, saved = store.load(), state(3)
    assert loaded is not None
    assert (loaded.step, loaded.rows, loaded.time_s) == (3, saved.rows, 2.5)
    assert torch.equal(loaded.network["weight"], saved.network["weight"])
    assert loaded.optimiser["param_groups"] == saved.optimiser["param_groups"]
    assert tuple(loaded.means["in_epoch"]["loss"]) == (1.5, 2)


def test_the_last_two_states_are_kept_and_the_last_is_loaded(store):
    for step in (1, 2, 10):
        store.save(state(step))
    assert names(store) == [f"state-{step:09d}.{ending}" for step in (2, 10) for ending in ("json", "pt")]
    assert store.load().step == 10


def test_without_a_state_there_is_none_and_clearing_twice_does_no_harm(store):
    assert store.load() is None
    store.save(state(1))
    store.clear()
    store.clear()
    assert not store.folder.exists()


@pytest.mark.parametrize("damage", ["flipped", "short", "no json", "broken json"])
def test_a_damaged_state_is_passed_over_deleted_and_named(store, caplog, damage):
    store.save(state(1))
    store.save(state(2))
    last = store.folder / "state-000000002.pt"
    content = bytearray(last.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
        last.write_bytes(content)
    elif damage == "short":
        last.write_bytes(content[:50])
    elif damage == "no json":
        last.with_suffix(".json").unlink()
    else:
        last.with_suffix(".json").write_text("{")
    assert store.load().step == 1
    assert "state-000000002.pt is not used and deleted" in caplog.text
    assert not last.exists()


def test_with_both_states_damaged_the_training_starts_anew(store):
    for step in (1, 2):
        store.save(state(step))
        (store.folder / f"state-{step:09d}.pt").write_bytes(b"no state")
    assert store.load() is None


def test_a_state_of_another_run_is_deleted_and_never_loaded(store, caplog):
    store.save(state(5))
    assert StateStore(store.folder, "other key").load() is None
    assert "settings, inputs or code have changed" in caplog.text
    assert names(store) == []


def test_a_file_left_by_a_killed_writer_is_no_state(store):
    store.save(state(1))
    (store.folder / ".state-000000002.pt.x.partial").write_bytes(b"half")
    assert store.load().step == 1
