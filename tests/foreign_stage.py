"""A stage of a method that takes files: its context, on a data stage of made-up images, and how its rows are made."""

from pathlib import Path

from wsss_core import registry
from wsss_core.artifacts.formats import FORMATS, Row
from wsss_core.artifacts.manifest import ImageRecord, Manifest
from wsss_core.artifacts.parts import PartReader
from wsss_core.settings.base import Settings
from wsss_core.stages.context import StageContext
from wsss_core.stages.part_files import part_path
from wsss_core.stages.per_image import run_part

CLASSES = ("background", "cat", "dog", "cow")
SIZE = (6, 5)


def write_manifest(root: Path, *image_ids: str) -> Path:
    """Folder of a data stage with images of 6 x 5 pixels; the image files are not there."""
    records = [ImageRecord(image_id, f"{image_id}.jpg", *SIZE, ("train",), 0) for image_id in image_ids]
    Manifest(CLASSES, tuple(records), "none", "none").write(root / "data/manifest.arrow")
    return root / "data"


def context_of(root: Path, kind: str, method: str, data: Path, **settings: object) -> StageContext:
    """Context of a stage on the data stage in the folder `data`."""
    model = registry.load(registry.METHODS[kind][method].settings)
    assert isinstance(model, type)
    assert issubclass(model, Settings)
    return StageContext(
        experiment="e",
        stage=kind,
        kind=kind,
        method=method,
        settings=model.parse(settings, "stage"),
        inputs={"data": data},
        folder=root / kind,
        splits=("train",),
        input_kinds={"data": "data"},
    )


def imported(root: Path, kind: str, method: str = "precomputed", **settings: object) -> list[Row]:
    """The row that the driver makes of the files of the image "a", read back from the part."""
    context = context_of(root, kind, method, write_manifest(root, "a"), **settings)
    path = part_path(context.folder, 0)
    run_part(context, 0, path)
    return [FORMATS[kind].decode(record) for record in PartReader(path)]
