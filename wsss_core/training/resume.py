"""The state from which a stopped training goes on as if nothing had happened.

`<stage>/resume/` holds at most two states, each a file `state-<step>.pt` and, written after it, `state-<step>.json`
with its digest. A state without an intact pair is passed over for the one before. The states belong to one run key;
those of another are deleted, never continued.
"""

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import torch

from wsss_core.artifacts.atomic import UNFINISHED, atomic_output, system_errors, write_json
from wsss_core.training.history import HistoryRow, from_jsonl, to_jsonl

logger = logging.getLogger(__name__)

FOLDER_NAME = "resume"
STATES_KEPT = 2


@dataclass
class TrainingState:
    """Everything that changes during a training. `step`: optimiser steps done. `means`: unfinished running means."""

    step: int
    network: dict[str, torch.Tensor]
    optimiser: dict[str, object]
    random_states: dict[str, torch.Tensor]
    task: dict[str, torch.Tensor] = field(default_factory=dict)
    rows: list[HistoryRow] = field(default_factory=list)
    means: dict[str, dict[str, tuple[float, int]]] = field(default_factory=dict)
    time_s: float = 0.0


class StateStore:
    """The resume folder of one training."""

    def __init__(self, folder: Path, run_key: str) -> None:
        self.folder, self.run_key = folder, run_key

    def save(self, state: TrainingState) -> None:
        """Keep `state`, and delete all but the last two."""
        path = self.folder / f"state-{state.step:09d}.pt"
        content = {**vars(state), "rows": to_jsonl(state.rows), "means": json.dumps(state.means)}
        with atomic_output(path) as temporary, system_errors(), open(temporary, "wb") as file:
            torch.save(content, file)
        write_json(path.with_suffix(".json"), {"run_key": self.run_key, "sha256": _digest(path), "step": state.step})
        for old in self._paths()[:-STATES_KEPT]:
            _remove(old)

    def load(self) -> TrainingState | None:
        """The newest intact state of this run, or None. Newer damaged ones and those of other runs are deleted.

        So are the unfinished files of writers that were killed: a state may be large, and kills many.
        """
        for left in self.folder.glob(UNFINISHED):
            left.unlink()
        for path in reversed(self._paths()):
            fault = self._fault(path)
            if fault is None:
                return _read(path)
            logger.warning("training state %s is not used and deleted: %s", path, fault)
            _remove(path)
        return None

    def clear(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("state-*.pt"))

    def _fault(self, path: Path) -> str | None:
        try:
            about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            run_key, digest = about["run_key"], about["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return "it was not completed (no readable .json beside it)"
        if run_key != self.run_key:
            return "settings, inputs or code have changed since; the training starts anew"
        if digest != _digest(path):
            return "the file is damaged (its digest does not fit); the state before it is tried"
        return None


def random_states(device: torch.device) -> dict[str, torch.Tensor]:
    """States of torch's generators that a training on `device` draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_random_states(states: dict[str, torch.Tensor], device: torch.device) -> None:
    """Put back what `random_states` returned."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


def _read(path: Path) -> TrainingState:
    content = torch.load(path, map_location="cpu", weights_only=True)
    return TrainingState(**{**content, "rows": from_jsonl(content["rows"]), "means": json.loads(content["means"])})


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remove(path: Path) -> None:
    path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
