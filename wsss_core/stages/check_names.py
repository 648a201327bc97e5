"""Are the splits, classes, protocols and starts that settings name really there? Asked before anything runs."""

from collections.abc import Sequence
from pathlib import Path

from wsss_core.data import folder
from wsss_core.data.protocols import PROTOCOLS
from wsss_core.settings.affinity import IRNetSettings
from wsss_core.settings.base import SettingsError, nearest
from wsss_core.settings.data import BACKGROUND, DataSettings, FolderSettings
from wsss_core.settings.evaluation import PooledSettings
from wsss_core.settings.graph import Stage
from wsss_core.settings.report import HtmlReportSettings
from wsss_core.stages.provenance import FILE_NAME as STAGE_FILE


def class_names(data: Stage) -> tuple[str, ...]:
    """Names of a data stage's classes by label id, background first, without opening an image."""
    settings = data.settings
    if not isinstance(settings, DataSettings):
        raise TypeError(f"stage {data.name!r}: expected DataSettings, found {type(settings).__name__}")
    if isinstance(settings, FolderSettings):
        return (BACKGROUND, *folder.class_names(settings, folder.tagged_files(settings)))
    return (BACKGROUND, *getattr(settings, "classes", ()))


def check_names(stage: Stage, splits: Sequence[str], classes: Sequence[str]) -> None:
    """Refuse names in settings that are not among `splits`, `classes` or the protocols.

    Raises `SettingsError` with the nearest known name.
    """
    settings = stage.settings
    if isinstance(settings, PooledSettings):
        _check(stage, "class_subset", "class", settings.class_subset, classes)
        _check(stage, "protocol", "split", list(settings.protocol), splits)
        _check(stage, "protocol", "protocol", list(settings.protocol.values()), list(PROTOCOLS))
        if "choose_threshold_on" in settings.model_fields_set:  # the default may be absent: no threshold is chosen then
            _check(stage, "choose_threshold_on", "split", [settings.choose_threshold_on], splits)
    if isinstance(settings, HtmlReportSettings):
        _check(stage, "gallery_split", "split", [settings.gallery_split] if settings.gallery_split else [], splits)
        _check(stage, "expected", "split", [split for found in settings.expected.values() for split in found], splits)
    if isinstance(settings, IRNetSettings) and settings.mean_split:
        _check(stage, "mean_split", "split", [settings.mean_split], splits)


def _check(stage: Stage, key: str, what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(
                f"stage {stage.name!r}: key {key!r}: there is no {what} {name!r}; {nearest(name, list(known))}"
            )


def check_expected(stage: Stage, stages: Sequence[str]) -> None:
    """Refuse expected figures of stages that a report does not show: `stages`, as its file calls them."""
    if isinstance(stage.settings, HtmlReportSettings):
        _check(stage, "expected", "stage", list(stage.settings.expected), stages)


def check_start(stage: Stage) -> None:
    """Refuse an IRNet without weights for its backbone, which does not learn. Raises `SettingsError`."""
    settings = stage.settings
    if isinstance(settings, IRNetSettings) and settings.weights is None and "classifier" not in stage.inputs:
        raise SettingsError(
            f"stage {stage.name!r}: IRNet's backbone does not learn and needs trained weights; name a file, "
            "`weights: ...`, or a classifier of the same network, `inputs: {classifier: ...}`"
        )


def check_targets(stage: Stage, names: Sequence[str]) -> None:
    """Refuse evaluated stages whose figures would get the same file, or that of the evaluation's own record.

    `names`: file stems. Raises `SettingsError`.
    """
    for index, name in enumerate(names):
        if Path(STAGE_FILE).stem == name or name in names[:index]:
            raise SettingsError(
                f"stage {stage.name!r}: the figures of two stages would be written to {name}.json; rename the stage "
                f"{name!r} or take it out of `inputs: {{of: [...]}}`"
            )
