"""Figures of evaluated stages, as the evaluation stages of experiments have written them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wsss_core.artifacts.atomic import ArtifactError
from wsss_core.commands.places import STAGE_FILE, FinishedStage, finished_stages, locate
from wsss_core.registry import KINDS
from wsss_core.settings.base import SettingsError, nearest

EVALUATION = "evaluation"


@dataclass(frozen=True)
class EvaluatedStage:
    """One evaluated stage. `splits`: split -> figure name -> value in 0..1 or None, in the order of the file.

    `evaluation`: the stage that made the figures. `warnings`: what has to be known when figures are compared.
    """

    experiment: str
    evaluation: str
    stage: str
    kind: str
    splits: Mapping[str, Mapping[str, object]]
    warnings: tuple[str, ...]

    def figure(self, split: str, name: str) -> float | None:
        """A figure of a split in 0..1, None when there is none."""
        value = self.splits.get(split, {}).get(name)
        return float(value) if isinstance(value, int | float) else None


def read_figures(references: Iterable[str]) -> list[EvaluatedStage]:
    """Evaluated stages that `experiment` or `experiment/stage` name, in the order asked for, each once.

    `stage` is an evaluated stage or an evaluation stage. Raises `FileNotFoundError`, `SettingsError`, `ArtifactError`.
    """
    found: dict[tuple[str, str, str], EvaluatedStage] = {}
    for reference in references:
        folder, wanted = locate(reference)
        for item in _select(_evaluated(folder), wanted, reference):
            found.setdefault((item.experiment, item.evaluation, item.stage), item)
    return list(found.values())


def _evaluated(experiment: Path) -> list[EvaluatedStage]:
    """All evaluated stages of an experiment, in the order of the chain."""
    evaluations = [stage for stage in finished_stages(experiment) if stage.kind == EVALUATION]
    if not evaluations:
        raise FileNotFoundError(
            f"{experiment} has no finished evaluation. To do: run it with a stage of kind evaluation."
        )
    items = [item for stage in evaluations for item in _of_evaluation(stage)]
    return sorted(items, key=lambda item: (KINDS.index(item.kind) if item.kind in KINDS else len(KINDS), item.stage))


def _of_evaluation(stage: FinishedStage) -> list[EvaluatedStage]:
    paths = [path for path in sorted(stage.folder.glob("*.json")) if path.name != STAGE_FILE]
    return [_read(path, stage) for path in paths]


def _read(path: Path, evaluation: FinishedStage) -> EvaluatedStage:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        order = document.get("split_order", list(document["splits"]))
        return EvaluatedStage(
            experiment=evaluation.experiment,
            evaluation=evaluation.name,
            stage=str(document["stage"]),
            kind=str(document["kind"]),
            splits={split: document["splits"][split] for split in order},
            warnings=tuple(map(str, document.get("warnings", ()))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is not an evaluation ({error!r}); delete it and run the stage again") from error


def _select(items: Sequence[EvaluatedStage], wanted: str | None, reference: str) -> list[EvaluatedStage]:
    chosen = [item for item in items if wanted is None or wanted in (item.stage, item.evaluation)]
    if not chosen:
        known = list({item.stage for item in items})
        raise SettingsError(f"{reference!r}: no figures of a stage {wanted!r}; {nearest(str(wanted), known)}")
    return chosen
