"""Which evaluated stages the references of `wsss compare` mean, with their figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wsss_core.commands.places import finished_stages, locate
from wsss_core.registry import KINDS
from wsss_core.report.figures import StageFigures, read_figures
from wsss_core.settings.base import SettingsError, nearest

EVALUATION = "evaluation"


@dataclass(frozen=True)
class EvaluatedStage:
    """Figures of one stage, and the experiment and evaluation stage that made them."""

    experiment: str
    evaluation: str
    figures: StageFigures

    @property
    def stage(self) -> str:
        """Name of the evaluated stage."""
        return self.figures.stage

    @property
    def ref(self) -> str:
        """The evaluated stage as "experiment/stage"; it may be of another experiment than the evaluation."""
        return self.stage if "/" in self.stage else f"{self.experiment}/{self.stage}"

    @property
    def kind(self) -> str:
        """Kind of the evaluated stage."""
        return self.figures.kind


def find_figures(references: Iterable[str]) -> list[EvaluatedStage]:
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
    items = [
        EvaluatedStage(stage.experiment, stage.name, figures)
        for stage in evaluations
        for figures in read_figures(stage.folder).values()
    ]
    return sorted(items, key=lambda item: (KINDS.index(item.kind), item.stage))


def _select(items: Sequence[EvaluatedStage], wanted: str | None, reference: str) -> list[EvaluatedStage]:
    chosen = [item for item in items if wanted is None or wanted in (item.stage, item.evaluation)]
    if not chosen:
        known = list({item.stage for item in items})
        raise SettingsError(f"{reference!r}: no figures of a stage {wanted!r}; {nearest(str(wanted), known)}")
    return chosen
