"""Whether a training of a real method goes on after a crash as if nothing had happened."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsss_core.training.task import Task


def assert_resumes_exactly(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    train: Callable[[Path], None],
    task: type[Task],
    fail_at: int,
) -> None:
    """`train` fills a stage's folder, saving after every step. Step `fail_at` crashes once; the files are the same."""
    train(folder / "unbroken")
    calls, loss = [], task.loss

    def failing(self, batch):
        calls.append(1)
        if len(calls) == fail_at:
            raise ConnectionError("the power went out")
        return loss(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(task, "loss", failing)
        with pytest.raises(ConnectionError):
            train(folder / "broken")
    assert (folder / "broken/resume").exists()
    train(folder / "broken")
    for name in ("model.safetensors", "model.json"):
        assert (folder / "broken" / name).read_bytes() == (folder / "unbroken" / name).read_bytes()
    assert not (folder / "broken/resume").exists()
