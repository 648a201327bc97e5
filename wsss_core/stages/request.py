"""What a workflow script is asked to do: one JSON text that holds everything the result of a stage depends on.

It is a param of the Snakemake rule, so a change in it reruns the stage; and it can be pasted into a terminal to run the
script by hand. What may vary without changing the result (device, threads, part number, how often a training saves its
state) is not in it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from wsss_core import registry
from wsss_core.settings.base import Settings, SettingsError
from wsss_core.stages.context import StageContext


@dataclass(frozen=True)
class Request:
    """One stage's order.

    `inputs`: slot -> "experiment/stage", relative to the results folder; `input_kinds`: slot -> kind of that stage.
    """

    experiment: str
    stage: str
    kind: str
    method: str
    settings: Mapping[str, object]
    inputs: Mapping[str, str]
    input_kinds: Mapping[str, str]
    splits: tuple[str, ...]
    seed: int

    def to_json(self) -> str:
        """One line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """Request from the text of `to_json`; raises `SettingsError` for anything else."""
        try:
            fields = json.loads(text)
            return cls(**{**fields, "splits": tuple(fields["splits"])})
        except (ValueError, TypeError, KeyError) as error:
            raise SettingsError(f"not a stage request ({error}): {text[:200]!r}") from error

    def with_settings(self, text: str) -> "Request":
        """The request with further settings, given as a JSON object; raises `SettingsError` for another text."""
        try:
            further = dict(json.loads(text))
        except (ValueError, TypeError) as error:
            raise SettingsError(f"expected settings as a JSON object ({error}), found {text[:200]!r}") from error
        return replace(self, settings={**self.settings, **further})

    def typed_settings(self) -> Settings:
        """The settings as the method's model."""
        model = registry.load(registry.METHODS[self.kind][self.method].settings)
        settings: Settings = model.parse(self.settings, f"stage {self.stage!r}")  # type: ignore[attr-defined]
        return settings

    def context(self, results: Path, device: str, threads: int, workers: int) -> StageContext:
        """The context in which the method works on this machine."""
        return StageContext(
            experiment=self.experiment,
            stage=self.stage,
            kind=self.kind,
            method=self.method,
            settings=self.typed_settings(),
            inputs={slot: results / ref for slot, ref in self.inputs.items()},
            input_kinds=self.input_kinds,
            folder=results / self.experiment / self.stage,
            splits=self.splits,
            seed=self.seed,
            device=device,
            threads=threads,
            workers=workers,
        )
