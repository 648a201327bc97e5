"""Boxes, points and scribbles that lie beside a folder of photographs, in the forms that `voc` reads, too."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from wsss_core.artifacts.manifest import Box, Point
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.scribble_files import XML
from wsss_core.data.tag_table import existing_path
from wsss_core.data.voc_files import from_voc_boxes, read_boxes_json, read_points_json
from wsss_core.settings.data import BACKGROUND, FolderSettings
from wsss_core.settings.paths import where_it_leads


@dataclass(frozen=True)
class WeakLabels:
    """By image id: `boxes`, `points`. `scribbles`: the folder of the scribble files, or None."""

    boxes: dict[str, tuple[Box, ...]]
    points: dict[str, tuple[Point, ...]]
    scribbles: Path | None

    def scribble_file(self, image_id: str) -> Path | None:
        """The PNG of an image's scribbles, else its XML; None where it has neither."""
        if self.scribbles is None:
            return None
        paths = (existing_path(self.scribbles, image_id + ending) for ending in (".png", XML))
        return next((path for path in paths if path.is_file()), None)


def weak_label_files(settings: FolderSettings) -> list[Path]:
    """The tables of boxes and points that the settings name. Raises `DataError` where there is no such file."""
    files = [Path(name) for name in (settings.boxes_file, settings.points_file) if name]
    for path in files:
        if not path.is_file():
            raise DataError(
                f"{where_it_leads(path)}: expected a table of boxes or points, found no file. To do: correct the path."
            )
    return files


def read_weak_labels(settings: FolderSettings, classes: tuple[str, ...], ids: Sequence[str]) -> WeakLabels:
    """What the settings name. classes: foreground names; ids: all images, whose names the tables must use.

    Raises `DataError` for missing files and folders, damaged tables, unknown classes and unknown images.
    """
    weak_label_files(settings)
    scribbles = Path(settings.scribbles) if settings.scribbles else None
    if scribbles is not None and not scribbles.is_dir():
        raise DataError(
            f"{where_it_leads(scribbles)}: expected the folder of the scribbles, found none. To do: correct the path."
        )
    boxes = read_boxes_json(Path(settings.boxes_file)) if settings.boxes_file else {}
    points = read_points_json(Path(settings.points_file), classes, BACKGROUND) if settings.points_file else {}
    for name, table in ((settings.boxes_file, boxes), (settings.points_file, points)):
        _refuse_unknown_images(str(name), table, ids)
    return WeakLabels(
        {name: from_voc_boxes(named, classes, f"{settings.boxes_file}, {name}") for name, named in boxes.items()},
        points,
        scribbles,
    )


def _refuse_unknown_images(where: str, table: Collection[str], ids: Sequence[str]) -> None:
    """A table with other names than the images' would be a data set without labels."""
    unknown = sorted(set(table) - set(ids))
    if unknown:
        faults = [f"{where}: no image has the id {name!r}" for name in unknown]
        raise join_faults("unknown images", faults, "name images by their path below `images` without the ending")
