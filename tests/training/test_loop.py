"""The training loop: exact resume, history, divergence, signals."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training.toy_training import IMAGES, ToyTask, toy_context, toy_settings

from wsss_core.settings.training import LoopSettings
from wsss_core.training.history import read
from wsss_core.training.interruption import TrainingInterrupted
from wsss_core.training.loop import TrainingDiverged, fit

SCRIPT = Path(__file__).with_name("toy_training.py")
STEPS = 12


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(folder: Path, settings: LoopSettings | None = None, task: ToyTask | None = None, **context: object) -> ToyTask:
    settings, task = settings or toy_settings(), task or ToyTask()
    fit(task, settings, toy_context(folder, settings, **context))
    return task


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "model.pt", weights_only=True)


def assert_equal_weights(left: Path, right: Path) -> None:
    ours, theirs = weights(left), weights(right)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def losses(folder: Path) -> list[tuple]:
    return [(row["kind"], row["step"], row["loss"], row["half_loss"]) for row in read(folder)]


@pytest.mark.parametrize("crash_after", [0, 1, 3, 4, 11])
def test_a_training_broken_after_any_step_and_resumed_has_the_bytes_of_an_unbroken_one(tmp_path, crash_after):
    run(tmp_path / "unbroken")
    with pytest.raises(ConnectionError):
        run(tmp_path / "broken", task=ToyTask(fail_at=crash_after))
    resumed = run(tmp_path / "broken")
    assert resumed.calls == STEPS - crash_after
    assert_equal_weights(tmp_path / "unbroken", tmp_path / "broken")
    assert losses(tmp_path / "unbroken") == losses(tmp_path / "broken")


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
def test_every_optimiser_resumes_exactly_between_saved_states(tmp_path, optimiser):
    settings = toy_settings(optimiser=optimiser, learning_rate=0.01, batch=4, accumulate=2)
    run(tmp_path / "unbroken", settings)
    with pytest.raises(ConnectionError):
        run(tmp_path / "broken", settings, ToyTask(fail_at=5))  # between the two pieces of the third step
    run(tmp_path / "broken", settings)
    assert_equal_weights(tmp_path / "unbroken", tmp_path / "broken")


def test_one_seed_gives_equal_bytes_and_another_does_not(tmp_path):
    run(tmp_path / "a")
    run(tmp_path / "b")
    run(tmp_path / "c", seed=1)
    assert_equal_weights(tmp_path / "a", tmp_path / "b")
    assert not torch.equal(weights(tmp_path / "a")["0.weight"], weights(tmp_path / "c")["0.weight"])


def test_helper_processes_do_not_change_the_result(tmp_path):
    run(tmp_path / "alone")
    run(tmp_path / "helped", workers=2)
    assert_equal_weights(tmp_path / "alone", tmp_path / "helped")


def test_each_epoch_shows_full_batches_without_repetition(tmp_path):
    task = run(tmp_path)
    assert len(task.seen) == STEPS
    for epoch in range(4):
        rows = torch.cat(task.seen[3 * epoch : 3 * epoch + 3])
        assert rows.shape == (9, 6)
        assert len({tuple(row.tolist()) for row in rows}) == 9
    assert not torch.equal(task.seen[0], task.seen[3])


def test_fewer_images_than_a_batch_train_as_one_batch_and_a_warning_says_so(tmp_path, caplog):
    task = run(tmp_path, toy_settings(batch=64))
    assert task.calls == 4
    assert all(len(batch) == IMAGES for batch in task.seen)
    assert "10 images are fewer than `batch` 64" in caplog.text


def test_the_published_folder_holds_network_and_history_and_no_state(tmp_path):
    run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "history.jsonl", "model.pt"]


def test_history_has_rows_of_steps_and_of_epochs_with_validation(tmp_path):
    run(tmp_path)
    rows = read(tmp_path)
    steps = [row for row in rows if row["kind"] == "step"]
    epochs = [row for row in rows if row["kind"] == "epoch"]
    assert [row["step"] for row in steps] == [2, 4, 6, 8, 10, 12]
    assert [row["epoch"] for row in epochs] == [1, 2, 3, 4]
    assert steps[0]["lr"] == pytest.approx(0.05 * (1 - 1 / 12) ** 0.9)
    assert all(row["val_ap"] == {"cat": 0.5, "dog": None} for row in epochs)
    assert all(row["images_per_s"] > 0 and row["half_loss"] == pytest.approx(row["loss"] / 2) for row in rows)
    first_epoch = [row["loss"] for row in steps if row["step"] <= 2]
    assert min(first_epoch) > 0


def test_validation_every_second_epoch_runs_on_these_and_the_last(tmp_path):
    run(tmp_path, toy_settings(epochs=3, validate_every_epochs=2))
    validated = [row["epoch"] for row in read(tmp_path) if "val_score" in row]
    assert validated == [2, 3]


def test_steps_may_end_inside_an_epoch(tmp_path):
    task = run(tmp_path, toy_settings(epochs=None, steps=4))
    assert task.calls == 4
    assert [row["epoch"] for row in read(tmp_path) if row["kind"] == "epoch"] == [1, pytest.approx(4 / 3)]


def test_a_nan_loss_stops_with_the_step_and_the_remedy_and_keeps_the_last_state(tmp_path):
    with pytest.raises(TrainingDiverged, match=r"stage 'classifier', step 5: .*found loss nan .*lower `learning_rate`"):
        run(tmp_path, task=ToyTask(nan_at=5))
    assert sorted(path.name for path in (tmp_path / "resume").glob("*.pt")) == [
        "state-000000004.pt",
        "state-000000005.pt",
    ]
    assert not (tmp_path / "model.pt").exists()


def test_infinite_weights_are_never_saved_as_a_state(tmp_path):
    class Exploding(ToyTask):
        def loss(self, batch):
            loss, logs = super().loss(batch)
            if self.calls == 3:
                self.network[3].weight.register_hook(lambda gradient: gradient + float("inf"))
            return loss, logs

    with pytest.raises(TrainingDiverged, match=r"NaN or infinity in '3.weight'"):
        run(tmp_path, task=Exploding())
    assert [path.name for path in sorted((tmp_path / "resume").glob("*.pt"))] == [
        "state-000000001.pt",
        "state-000000002.pt",
    ]


def test_a_damaged_last_state_is_reported_and_the_one_before_continued(tmp_path, caplog):
    run(tmp_path / "unbroken")
    with pytest.raises(ConnectionError):
        run(tmp_path / "broken", task=ToyTask(fail_at=7))
    last = tmp_path / "broken" / "resume" / "state-000000007.pt"
    last.write_bytes(last.read_bytes()[:-100] + bytes(100))
    resumed = run(tmp_path / "broken")
    assert "state-000000007.pt is not used and deleted: the file is damaged" in caplog.text
    assert resumed.calls == STEPS - 6
    assert_equal_weights(tmp_path / "unbroken", tmp_path / "broken")


@pytest.mark.parametrize("change", [{"momentum": 0.5}, {"epochs": 5}, {"precision": "bfloat16"}])
def test_states_of_other_settings_are_deleted_and_the_training_starts_anew(tmp_path, caplog, change):
    with pytest.raises(ConnectionError):
        run(tmp_path, task=ToyTask(fail_at=5))
    settings = toy_settings(**change)
    assert run(tmp_path, settings).calls == (settings.epochs or 0) * 3
    assert "settings, inputs or code have changed" in caplog.text


def test_settings_without_effect_on_the_result_do_not_discard_states(tmp_path):
    with pytest.raises(ConnectionError):
        run(tmp_path, task=ToyTask(fail_at=5))
    assert run(tmp_path, toy_settings(checkpoint_every_s=9, log_every_steps=3), workers=1).calls == STEPS - 5


def test_a_state_of_another_run_key_is_not_continued(tmp_path):
    with pytest.raises(ConnectionError):
        run(tmp_path, task=ToyTask(fail_at=5), run_key="old code")
    assert run(tmp_path, run_key="new code").calls == STEPS


def test_a_signal_ends_the_step_keeps_the_state_and_sets_the_exit_code(tmp_path):
    class Signalled(ToyTask):
        def loss(self, batch):
            if self.calls == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(batch)

    settings = toy_settings(checkpoint_every_s=3600)
    with pytest.raises(TrainingInterrupted) as stopped:
        run(tmp_path / "broken", settings, Signalled())
    assert stopped.value.code == 128 + signal.SIGTERM
    assert [path.name for path in (tmp_path / "broken/resume").glob("*.pt")] == ["state-000000005.pt"]
    assert run(tmp_path / "broken", settings).calls == STEPS - 5
    run(tmp_path / "unbroken", settings)
    assert_equal_weights(tmp_path / "unbroken", tmp_path / "broken")


def test_after_a_training_the_signal_handlers_and_determinism_are_as_before(tmp_path):
    before = signal.getsignal(signal.SIGTERM), torch.are_deterministic_algorithms_enabled()
    run(tmp_path)
    assert (signal.getsignal(signal.SIGTERM), torch.are_deterministic_algorithms_enabled()) == before


def start_script(folder: Path, workers: int = 0) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def finish(folder: Path) -> int:
    with start_script(folder) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output.count("step")


@pytest.mark.slow
def test_a_process_killed_twice_without_warning_ends_with_the_bytes_of_an_unbroken_one(tmp_path):
    steps = finish(tmp_path / "unbroken")
    for kill_after in (5, 10):
        with start_script(tmp_path / "broken") as process:
            for _ in range(kill_after):
                assert process.stdout is not None
                process.stdout.readline()
            process.kill()
        assert process.returncode == -signal.SIGKILL
    assert 0 < finish(tmp_path / "broken") < steps
    assert_equal_weights(tmp_path / "unbroken", tmp_path / "broken")


@pytest.mark.slow
def test_a_signal_to_the_whole_process_group_saves_the_state_although_helpers_get_it_too(tmp_path):
    with start_script(tmp_path, workers=2) as process:
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert list((tmp_path / "resume").glob("state-*.json"))


def test_long_trainings_log_a_quiet_line_now_and_then(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("wsss_core.progress.LOG_EVERY_S", 0.0)
    with caplog.at_level(logging.INFO):
        run(tmp_path)
    assert "6 of 12 steps, 0:00:0" in caplog.text
    assert "left, loss " in caplog.text


def test_a_long_gradient_is_shortened_to_the_length_that_the_settings_allow(tmp_path):
    short = run(tmp_path / "short", toy_settings(epochs=None, steps=1, gradient_norm=1e-3))
    length = torch.cat([value.grad.flatten() for value in short.network.parameters()]).norm()
    assert length.item() == pytest.approx(1e-3, rel=1e-3)
    free = run(tmp_path / "free", toy_settings(epochs=None, steps=1))
    assert torch.cat([value.grad.flatten() for value in free.network.parameters()]).norm() > 1e-2
