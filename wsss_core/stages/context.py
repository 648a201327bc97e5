"""What a method is given to do its work: typed settings, upstream folders, device, seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.settings.base import Settings

if TYPE_CHECKING:  # else an edit of any row format would rerun the trainings, which read none
    from wsss_core.artifacts.formats import Row

Processor = Callable[[ImageRecord, Mapping[str, "Row"]], "Row"]
"""Makes the row of one image from its record and the rows of the per-image inputs (slot name -> row)."""

SettingsT = TypeVar("SettingsT", bound=Settings)
RowT = TypeVar("RowT")


@dataclass(frozen=True)
class StageContext:
    """One stage of one experiment, as its method sees it.

    `inputs`: slot name -> folder of the upstream stage; `data` is always there. Inputs of a slot that takes many stages
    are listed under their own stage names. `input_kinds`: the same keys -> kind. `folder`: this stage's own folder.
    `splits`: the splits the stage covers (a training: learns from). `device`: "cpu" or "cuda[:n]". `threads`: torch
    threads of this job. `workers`: processes that load training samples. `run_key`: changes whenever settings, inputs
    or code of the stage do; resume states of another key are stale. `part`: number of the part that a per-image stage
    works on.
    """

    experiment: str
    stage: str
    kind: str
    method: str
    settings: Settings
    inputs: Mapping[str, Path]
    folder: Path
    splits: tuple[str, ...]
    input_kinds: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    workers: int = 0
    run_key: str = ""
    part: int | None = None

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest of the data stage: of a per-image stage's job, the rows of its part."""
        return Manifest.read(self.inputs["data"], self.part)

    def typed_settings(self, model: type[SettingsT]) -> SettingsT:
        """The settings, checked to be of the method's own model."""
        if not isinstance(self.settings, model):
            raise TypeError(f"stage {self.stage!r}: expected {model.__name__}, found {type(self.settings).__name__}")
        return self.settings


def typed_row(rows: "Mapping[str, Row]", slot: str, kind: type[RowT]) -> RowT:
    """The row of input `slot`, checked to be of the expected kind."""
    row = rows[slot]
    if not isinstance(row, kind):
        raise TypeError(f"input {slot!r}: expected {kind.__name__}, found {type(row).__name__}")
    return row
