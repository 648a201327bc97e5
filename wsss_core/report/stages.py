"""What the report knows of each stage: its `stage.json`, and the order of the graph."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wsss_core import registry
from wsss_core.artifacts.atomic import ArtifactError

FILE_NAME = "stage.json"
SHOWN_ELSEWHERE = ("experiment", "stage", "kind", "method", "inputs")


@dataclass(frozen=True)
class StageFacts:
    """One stage as recorded when it ended.

    `name`: as written in the reporting experiment's file: a stage of another experiment is "experiment/stage", as is
    every `ref`. `inputs`: slot -> refs of the upstream stages. `record`: everything that `stage.json` holds.
    `wall_s` seconds, `images_per_s`, `peak_memory_mb` MB: None where the stage did not measure it.
    """

    experiment: str
    name: str
    ref: str
    kind: str
    method: str
    folder: Path
    inputs: Mapping[str, tuple[str, ...]]
    record: Mapping[str, object] = field(default_factory=dict)

    @property
    def upstream(self) -> tuple[str, ...]:
        """Refs of all upstream stages, each once."""
        return tuple(dict.fromkeys(ref for refs in self.inputs.values() for ref in refs))

    def number(self, key: str) -> float | None:
        """A number of the record, or None when it is absent."""
        value = self.record.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, key: str) -> str:
        """A text of the record, or an empty one."""
        value = self.record.get(key)
        return "" if value is None else str(value)

    @property
    def logs(self) -> str:
        """The log of its job, or the folder with those of its jobs, below the folder in which the workflow runs."""
        has_many_jobs = self.kind in (*registry.PER_IMAGE_KINDS, "evaluation")
        return f"logs/{self.ref}{'/' if has_many_jobs else '.log'}"

    @property
    def anchor(self) -> str:
        """Id of the stage's section on the page."""
        return anchor(self.name)


def read_facts(folder: Path | str, experiment: str) -> StageFacts:
    """Facts of the stage whose results lie in `folder`, named as `experiment` names it.

    Raises FileNotFoundError when there is no `stage.json`, `ArtifactError` when it is damaged.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; run the stage that makes this folder first")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        ref = f"{record['experiment']}/{record['stage']}"
        return StageFacts(
            experiment=str(record["experiment"]),
            name=str(record["stage"]) if record["experiment"] == experiment else ref,
            ref=ref,
            kind=str(record["kind"]),
            method=str(record["method"]),
            folder=path.parent,
            inputs={slot: _names(value) for slot, value in record.get("inputs", {}).items()},
            record=record,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is not the record of a stage ({error!r}); delete it and run the stage") from error


def anchor(name: str) -> str:
    """Id of the section of the stage called `name`."""
    kept = name.replace("/", ":")  # names of stages hold letters, digits and _.- only, so no two get one id
    return "stage-" + "".join(char if char.isalnum() or char in "_.-:" else "-" for char in kept)


def in_order(stages: Iterable[StageFacts]) -> tuple[StageFacts, ...]:
    """Stages sorted so that each follows all of its inputs; stages of one depth keep the order in which they came."""
    listed = list(stages)
    depth = depths({stage.ref: stage.upstream for stage in listed})
    return tuple(sorted(listed, key=lambda stage: depth[stage.ref]))


def depths(upstream: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Longest distance of each stage from a source. Upstream stages that are not listed are left out.

    Raises ValueError when the stages form a circle.
    """
    found: dict[str, int] = {}
    remaining = {name: [other for other in others if other in upstream] for name, others in upstream.items()}
    while remaining:
        ready = [name for name, others in remaining.items() if all(other in found for other in others)]
        if not ready:
            raise ValueError(f"the stages {', '.join(sorted(remaining))} depend on each other in a circle")
        for name in ready:
            found[name] = 1 + max((found[other] for other in remaining[name]), default=-1)
        for name in ready:
            del remaining[name]
    return found


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(name) for name in value)
    return (str(value),)
