"""What is evaluated: one stage's results, and what they were made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.registry import TRAINING_KINDS
from wsss_core.stages.provenance import read_provenance

CAM_KINDS = ("cams", "refined_cams")
LABEL_KINDS = ("seeds", "predictions")
REGION_KIND = "regions"
INSTANCE_KIND = "instances"
KINDS_MADE_WITH_TAGS = (*CAM_KINDS, "seeds", INSTANCE_KIND)
TAG_SETTING = "restrict_to_tags"
"""Setting of predictions that, when true, leaves only the tagged classes of each image to choose from."""


@dataclass(frozen=True)
class EvaluationTarget:
    """The evaluated stage, as its `stage.json` records it. `name`: as written in the evaluating experiment's file.

    `trained_on`: splits on which the networks upstream were trained.
    """

    name: str
    kind: str
    method: str
    splits: tuple[str, ...]
    settings: Mapping[str, object]
    trained_on: frozenset[str]
    folder: Path

    @property
    def uses_tags(self) -> bool:
        """Whether the tags of an image are an input of its own result."""
        return self.kind in KINDS_MADE_WITH_TAGS or self.settings.get(TAG_SETTING) is True


def read_target(folder: Path, experiment: str) -> EvaluationTarget:
    """The stage whose results lie in `folder` (`<results>/<experiment>/<stage>`), seen from `experiment`.

    Raises `ArtifactError` when its `stage.json` is absent or not a stage's.
    """
    about = read_provenance(folder)
    try:
        own = about["experiment"] == experiment
        return EvaluationTarget(
            name=str(about["stage"]) if own else f"{about['experiment']}/{about['stage']}",
            kind=str(about["kind"]),
            method=str(about["method"]),
            splits=tuple(about["splits"]),  # type: ignore[arg-type]
            settings=dict(about["settings"]),  # type: ignore[call-overload]
            trained_on=frozenset(_training_splits(folder.parent.parent, about)),
            folder=folder,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{folder}: its stage.json is not complete ({error!r}); run the stage again") from error


def _training_splits(results: Path, about: Mapping[str, object]) -> Iterator[str]:
    """Splits of all trainings upstream of the stage that `about` records."""
    waiting, seen = list(_inputs(about)), set()
    while waiting:
        ref = waiting.pop()
        if ref in seen:
            continue
        seen.add(ref)
        upstream = read_provenance(results / ref)
        waiting.extend(_inputs(upstream))
        if upstream["kind"] in TRAINING_KINDS:
            yield from upstream["splits"]  # type: ignore[misc]


def _inputs(about: Mapping[str, object]) -> tuple[str, ...]:
    inputs = about.get("inputs")
    return tuple(str(ref) for ref in inputs.values()) if isinstance(inputs, Mapping) else ()
