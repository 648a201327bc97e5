"""Every trainer on two processes: the loss curve of one process that takes each batch in two pieces."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from training.every_trainer import TRAINERS, train, write_stages
from training.tiny_data import MANY_CLASSES, MANY_LABELS
from training.torchrun import torchrun

from wsss_core import registry
from wsss_core.training import processes
from wsss_core.training.history import read

SCRIPT = Path(__file__).with_name("every_trainer.py")
NOT_LEARNT = {
    f"{kind} {name}"
    for kind, entry in registry.METHODS.items()
    if kind in registry.TRAINING_KINDS
    for name, method in entry.items()
    if method.foreign
} | {"segmenter segment_bank"}
DRAWS_APART = {"segmenter mask2former": 0.05}
"""Trainer -> tolerance, where the loss is taken at points that each process draws for itself."""


def losses(folder: Path) -> list[float]:
    return [float(row["loss"]) for row in read(folder) if row["kind"] == "step"]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    write_stages(folder)
    return folder


@pytest.fixture(scope="module")
def together(stages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all trainings, each on two gloo processes."""
    folder = tmp_path_factory.mktemp("two")
    done = torchrun(SCRIPT, stages, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_training_of_the_registry_is_here() -> None:
    methods = {f"{kind} {name}" for kind in registry.TRAINING_KINDS for name in registry.METHODS[kind]}
    assert methods == {*TRAINERS, *NOT_LEARNT}


@pytest.mark.parametrize("name", sorted(NOT_LEARNT))
def test_what_is_not_learnt_is_made_by_one_process_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, method = name.split()
    train_it = importlib.import_module(registry.METHODS[kind][method].module).train
    monkeypatch.setattr(processes, "rank", lambda: 1)
    assert train_it("no context at all") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINERS)
def test_two_processes_have_the_loss_curve_of_one(stages: Path, together: Path, tmp_path: Path, name: str) -> None:
    train(name, stages, tmp_path / "one", accumulate=2)
    two, one = losses(together / name), losses(tmp_path / "one")
    assert len(one) == 2
    assert two == pytest.approx(one, rel=DRAWS_APART.get(name, 2e-4))


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_has_the_switch_to_bfloat16(stages: Path, tmp_path: Path, name: str) -> None:
    found = {}
    for precision in ("float32", "bfloat16"):
        train(name, stages, tmp_path / precision, precision=precision, steps=1)
        (found[precision],) = losses(tmp_path / precision)
    assert found["bfloat16"] == pytest.approx(found["float32"], rel=0.1)
    assert found["bfloat16"] != found["float32"]


@pytest.fixture(scope="module")
def stages_of_many_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    write_stages(folder, MANY_CLASSES, MANY_LABELS)
    return folder


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_learns_hundreds_of_classes(stages_of_many_classes: Path, tmp_path: Path, name: str) -> None:
    train(name, stages_of_many_classes, tmp_path / name)
    assert np.isfinite(losses(tmp_path / name)).all()
