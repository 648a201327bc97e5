"""TensorBoard, determinism, stop requests and what a card says of its training."""

import builtins
import os
import signal
import sys
import threading
import types

import pytest
import torch
from training.tiny_data import tiny_context
from training.toy_training import ToyTask, toy_context, toy_settings

from wsss_core.training import determinism, tensorboard
from wsss_core.training.interruption import StopRequest, TrainingInterrupted
from wsss_core.training.loop import fit
from wsss_core.training.trained_on import trained_on


def test_tensorboard_wanted_but_missing_says_how_to_get_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **more):
        if "tensorboard" in name:
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    settings = toy_settings(tensorboard=True)
    with pytest.raises(ImportError, match=r'pip install "wsss\[tensorboard\]"'):
        fit(ToyTask(), settings, toy_context(tmp_path, settings))


def test_tensorboard_gets_every_number_of_a_row(tmp_path, monkeypatch):
    written = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            written.append((folder, purge_step))

        def add_scalar(self, tag: str, value: float, step: int) -> None:
            written.append((tag, value, step))

        def flush(self) -> None:
            written.append("flushed")

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=Writer))
    write = tensorboard.event_writer(tmp_path, 4)
    write({"kind": "epoch", "step": 6, "loss": 0.5, "val_ap": {"cat": 0.25, "dog": None}})
    assert written == [
        (str(tmp_path / "tensorboard"), 4),
        ("epoch/loss", 0.5, 6),
        ("epoch/val_ap.cat", 0.25, 6),
        "flushed",
    ]


def test_determinism_holds_within_the_block_alone(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with determinism.deterministic_algorithms(True):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.are_deterministic_algorithms_enabled()
    with determinism.deterministic_algorithms(False):
        assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]


@pytest.fixture
def interruptible():
    """Ctrl-C raises KeyboardInterrupt, also where the tests run in the background and a shell has switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_first_signal_is_noted_and_the_second_acts():
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_outside_the_main_thread_no_handler_is_set():
    found = []

    def work() -> None:
        with StopRequest() as stop:
            found.append(stop.signal)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]


def test_the_exit_code_of_an_interrupted_training_names_the_signal():
    assert TrainingInterrupted(signal.SIGINT).code == 130


def test_a_card_says_on_what_its_network_was_trained(tmp_path):
    facts = trained_on(tiny_context(tmp_path / "net", "classifier", toy_settings()), 6)
    assert facts == {"dataset": "tiny", "splits": ["train"], "images": 6, "seed": 0}
