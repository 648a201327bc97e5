"""A training of seconds: a tiny network with dropout on random vectors. Also run as a script that can be killed."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from wsss_core.settings.training import LoopSettings
from wsss_core.stages.context import StageContext
from wsss_core.training.loop import fit
from wsss_core.training.task import Batch, Figures, Task

IMAGES = 10


class ToySamples:
    """Random vectors with noise that depends on the given generator alone."""

    def __len__(self) -> int:
        return IMAGES

    def sample(self, index: int, generator: np.random.Generator) -> dict[str, torch.Tensor]:
        clean = np.random.default_rng(index).normal(size=6)
        noisy = (clean + 0.1 * generator.normal(size=6)).astype(np.float32)
        return {"vector": torch.from_numpy(noisy), "target": torch.tensor([float(index % 2)])}


class ToyTask(Task):
    """`fail_at`: raise in the loss of that step, as a crash would. `nan_at`: make the loss NaN there."""

    def __init__(self, fail_at: int | None = None, nan_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))  # type: ignore
        self.samples = ToySamples()
        self.fail_at, self.nan_at = fail_at, nan_at
        self.calls = 0
        self.seen: list[torch.Tensor] = []

    def parameter_groups(self) -> tuple[list[str], list[str], list[str], list[str]]:
        return ["0.weight", "1.weight"], ["0.bias", "1.bias"], ["3.weight"], ["3.bias"]

    def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        if self.calls == self.fail_at:
            raise ConnectionError("the power went out")
        self.calls += 1
        self.seen.append(batch["vector"].clone())
        loss = nn.functional.binary_cross_entropy_with_logits(self.network(batch["vector"]), batch["target"])
        if self.calls - 1 == self.nan_at:
            loss = loss * float("nan")
        return loss, {"half_loss": float(loss.detach()) / 2}

    def validate(self) -> Figures:
        self.network.eval()
        with torch.inference_mode():
            return {"score": float(self.network(torch.ones(1, 6))), "ap": {"cat": 0.5, "dog": None}}

    def publish(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.network.state_dict(), folder / "model.pt")


def toy_settings(**changes: object) -> LoopSettings:
    """12 steps of 3 images, a state after every step."""
    values = {"epochs": 4, "batch": 3, "learning_rate": 0.05, "checkpoint_every_s": 0, "log_every_steps": 2}
    return LoopSettings.parse({**values, **changes}, "toy")


def toy_context(folder: Path, settings: LoopSettings, **changes: object) -> StageContext:
    """A context without inputs; its run key changes with the settings that matter, as that of a real stage does."""
    fields = {"experiment": "toy", "stage": "classifier", "kind": "classifier", "method": "toy", "inputs": {}}
    fields |= {"settings": settings, "folder": folder, "splits": ("train",), "run_key": str(settings.result_settings())}
    return StageContext(**{**fields, **changes})  # type: ignore


def main(folder: Path, workers: int) -> None:
    """Train slowly enough to be killed, saying when a step is done."""

    class SlowTask(ToyTask):
        def loss(self, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
            print("step", flush=True)
            torch.randn(())  # further draws from the global generator must be resumed, too
            return super().loss(batch)

    torch.set_num_threads(1)
    settings = toy_settings(epochs=12)
    fit(SlowTask(), settings, toy_context(folder, settings, workers=workers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
