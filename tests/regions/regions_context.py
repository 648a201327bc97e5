"""Contexts of the stage `regions` for the tests of its methods."""

from pathlib import Path

from wsss_core.settings.base import Settings
from wsss_core.stages.context import StageContext


def regions_context(folder: Path, settings: Settings) -> StageContext:
    """A stage without inputs."""
    return StageContext(
        experiment="e",
        stage="regions",
        kind="regions",
        method="test",
        settings=settings,
        inputs={},
        folder=folder,
        splits=("train",),
    )
