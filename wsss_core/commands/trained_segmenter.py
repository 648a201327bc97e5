"""Which network and which settings `wsss predict` uses for an experiment."""

from dataclasses import dataclass
from pathlib import Path

from wsss_core import registry
from wsss_core.checkpoints.store import read_card
from wsss_core.commands.places import FinishedStage, finished_stage, finished_stages, locate
from wsss_core.settings.base import SettingsError
from wsss_core.settings.one_stage import OneStagePredictionsSettings
from wsss_core.settings.predictions import MultiscalePredictionsSettings

SEGMENTER, PREDICTIONS = "segmenter", "predictions"
ONE_STAGE = registry.METHODS[PREDICTIONS]["one_stage"]

PredictionsSettings = MultiscalePredictionsSettings | OneStagePredictionsSettings


@dataclass(frozen=True)
class TrainedSegmenter:
    """A network's stage folder and the settings to predict with. `settings_from`: the predictions stage, or None."""

    folder: Path
    settings: PredictionsSettings
    settings_from: str | None


def trained_segmenter(reference: str) -> TrainedSegmenter:
    """The network that `experiment[/stage]` means: a segmenter stage, or that of a predictions stage.

    Without a stage: the network of the predictions stage that ended last, else the segmenter that ended last. Settings
    are those of a predictions stage of that network where there is one. Raises `FileNotFoundError`, `SettingsError`.
    """
    experiment, name = locate(reference)
    stage = _newest(experiment) if name is None else finished_stage(experiment / name)
    if stage.kind == PREDICTIONS:
        return _of_predictions(stage)
    if stage.kind != SEGMENTER:
        raise SettingsError(
            f"expected a stage of kind {SEGMENTER} or {PREDICTIONS}, but {reference!r} is of kind {stage.kind}"
        )
    own = f"{stage.experiment}/{stage.name}"
    users = [other for other in finished_stages(experiment) if other.kind == PREDICTIONS and _network(other) == own]
    if users:
        return _of_predictions(max(users, key=_end_time))
    return TrainedSegmenter(stage.folder, _default_settings(stage), None)


def _default_settings(stage: FinishedStage) -> PredictionsSettings:
    """One-stage networks decide classes for the whole image: the predictions of that method fit them."""
    is_one_stage = read_card(stage.folder).architecture in ONE_STAGE.slots[SEGMENTER].methods
    model = OneStagePredictionsSettings if is_one_stage else MultiscalePredictionsSettings
    return model.parse({}, "defaults")


def _newest(experiment: Path) -> FinishedStage:
    stages = finished_stages(experiment)
    for kind in (PREDICTIONS, SEGMENTER):
        if found := [stage for stage in stages if stage.kind == kind]:
            return max(found, key=_end_time)
    raise FileNotFoundError(
        f"{experiment} has no trained segmenter. To do: run the experiment with a stage of kind {SEGMENTER}."
    )


def _end_time(stage: FinishedStage) -> float:
    return (stage.folder / "stage.json").stat().st_mtime


def _network(stage: FinishedStage) -> str | None:
    inputs = stage.about.get("inputs")
    return str(inputs[SEGMENTER]) if isinstance(inputs, dict) and SEGMENTER in inputs else None


def _of_predictions(stage: FinishedStage) -> TrainedSegmenter:
    network, values = _network(stage), stage.about.get("settings")
    if network is None or not isinstance(values, dict):
        raise SettingsError(f"{stage.folder}/stage.json names no network; run the stage again")
    is_one_stage = registry.METHODS[PREDICTIONS].get(str(stage.about.get("method"))) is ONE_STAGE
    model = OneStagePredictionsSettings if is_one_stage else MultiscalePredictionsSettings
    settings = model.parse(values, f"stage {stage.name!r}")
    return TrainedSegmenter(stage.folder.parent.parent / network, settings, f"{stage.experiment}/{stage.name}")
