"""TensorBoard events of a training, if wanted."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from wsss_core.training.history import HistoryRow, flatten

FOLDER_NAME = "tensorboard"


class _Writer(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    def flush(self) -> None: ...


def event_writer(folder: Path, first_step: int) -> Callable[[HistoryRow], None]:
    """A function that writes history rows as scalars under `folder`/tensorboard.

    Events of an earlier run at or after `first_step` are hidden. Raises `ImportError` with the remedy where the package
    is missing.
    """
    try:
        module = importlib.import_module("torch.utils.tensorboard")
    except ImportError as error:
        raise ImportError(
            "the setting `tensorboard: true` needs the package tensorboard, which is not installed. "
            'To do: pip install "wsss[tensorboard]", or set `tensorboard: false`; history.jsonl is written always.'
        ) from error
    writer: _Writer = module.SummaryWriter(str(folder / FOLDER_NAME), purge_step=first_step)
    return lambda row: _write(writer, row)


def _write(writer: _Writer, row: HistoryRow) -> None:
    flat = flatten(row)
    step = int(flat["step"] or 0)
    for name, value in flat.items():
        if isinstance(value, float):
            writer.add_scalar(f"{flat['kind']}/{name}", value, step)
    writer.flush()
