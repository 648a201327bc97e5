"""A training of seconds for torchrun: `python -m torch.distributed.run ... shared_training.py FOLDER VALUES`."""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from training.toy_training import ToyTask, toy_context, toy_settings

from wsss_core.training import processes
from wsss_core.training.loop import fit


class PlainTask(ToyTask):
    """Without batch norm and dropout, so that the pieces of a batch do not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Identity(), nn.Linear(8, 1))  # type: ignore

    def parameter_groups(self) -> tuple[list[str], list[str], list[str], list[str]]:
        return ["0.weight"], ["0.bias"], ["3.weight"], ["3.bias"]


TASKS = {"plain": PlainTask, "batch norm": ToyTask}


def train(folder: Path, task: str, fail_at: int | None = None, nan_at: int | None = None, **values: object) -> None:
    settings = toy_settings(**values)
    torch.manual_seed(0)
    work = TASKS[task]()
    work.fail_at, work.nan_at = fail_at, nan_at if processes.rank() == 1 else None
    if task == "batch norm":
        work.network[2].p = 0.0  # type: ignore[index]
    fit(work, settings, toy_context(folder, settings))


def main(folder: Path, values: str) -> None:
    torch.set_num_threads(1)
    processes.join("cpu")
    try:
        train(folder, **json.loads(values))
    finally:
        processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
