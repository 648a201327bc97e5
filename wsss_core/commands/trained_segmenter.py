"""Which network and which settings `wsss predict` uses for an experiment."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from wsss_core import registry
from wsss_core.checkpoints.store import read_card
from wsss_core.commands.places import FinishedStage, finished_stage, finished_stages, locate
from wsss_core.settings.base import Settings, SettingsError

SEGMENTER, PREDICTIONS = "segmenter", "predictions"
_GENERAL = "multiscale"
"""The predictions of networks that no other method is made for."""


@dataclass(frozen=True)
class TrainedSegmenter:
    """A network's stage folder, the method of kind predictions to ask it by, and its settings. `settings_from`: the
    predictions stage, or None."""

    folder: Path
    method: str
    settings: Settings
    settings_from: str | None


def trained_segmenter(reference: str) -> TrainedSegmenter:
    """The network that `experiment[/stage]` means: a segmenter stage, or that of a predictions stage.

    Without a stage: the network of the predictions stage that ended last, else the segmenter that ended last. Method
    and settings are those of a predictions stage of that network where there is one. Raises `FileNotFoundError`,
    `SettingsError`.
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
    method = _method_for(stage)
    return TrainedSegmenter(stage.folder, method, settings_model(method).parse({}, "defaults"), None)


def settings_model(method: str) -> type[Settings]:
    """The model of a method's settings."""
    return cast(type[Settings], registry.load(registry.METHODS[PREDICTIONS][method].settings))


def _method_for(stage: FinishedStage) -> str:
    """The predictions made for the segmenter's method, else for its architecture, else those for every network."""
    for name in (str(stage.about.get("method")), read_card(stage.folder).architecture):
        for method, entry in registry.METHODS[PREDICTIONS].items():
            if SEGMENTER in entry.slots and name in entry.slots[SEGMENTER].methods and name != "published":
                return method
    return _GENERAL


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
    method = str(stage.about.get("method", _GENERAL))
    if method not in registry.METHODS[PREDICTIONS]:
        raise SettingsError(f"{stage.folder}/stage.json names the unknown method {method!r}; run the stage again")
    settings = settings_model(method).parse(values, f"stage {stage.name!r}")
    return TrainedSegmenter(stage.folder.parent.parent / network, method, settings, f"{stage.experiment}/{stage.name}")
