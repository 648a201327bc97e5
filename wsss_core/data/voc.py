"""`voc`: any folder in the layout of PASCAL VOC.

Tags come from the XML annotations, the masks or a `cls_labels.npy`: the sources differ, so the choice is a setting, is
named in the manifest, and the number of images whose tags are not the classes of their mask is noted there.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from wsss_core.artifacts.manifest import Listing, Manifest, Point
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.scribble_files import XML
from wsss_core.data.voc_files import (
    NamedBoxes,
    from_voc_boxes,
    label_id,
    read_annotation,
    read_boxes_json,
    read_points_json,
)
from wsss_core.exchange.cls_labels import read_cls_labels, tags_of
from wsss_core.progress import stage_job
from wsss_core.settings.data import BACKGROUND, VocSettings
from wsss_core.settings.paths import where_it_leads

LIST_FOLDER = Path("ImageSets") / "Segmentation"
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG")
_TAG_SOURCES = {
    "xml": "objects of the XML annotations, difficult ones included",
    "masks": "classes with at least one pixel in the ground-truth mask",
    "npy": "the array {file}",
}


def list_images(settings: VocSettings) -> Listing:
    """Ids and splits from the list files, in order of first appearance. No image is opened. Raises `DataError`."""
    root = _root(settings)
    splits: dict[str, list[str]] = {}
    for split, list_name in settings.splits.items():
        for image_id in read_id_list(_list_file(root, split, list_name)):
            splits.setdefault(image_id, []).append(split)
    return Listing(tuple(splits), tuple(tuple(names) for names in splits.values()), settings.part_size)


def input_files(settings: VocSettings) -> list[Path]:
    """Files whose change makes the manifest anew: lists, tag array, boxes and points. Images and masks are not watched
    one by one; run the data stage by force after exchanging some under their old names."""
    root = _root(settings)
    lists = [_list_file(root, split, name) for split, name in settings.splits.items()]
    tables = [settings.boxes_file, settings.points_file]
    if settings.tag_source == "npy":
        tables.append(settings.tags_file)
    return [*lists, *(root / name for name in tables if (root / name).is_file())]


def build(settings: VocSettings, listing: Listing, folder: Path | str) -> Manifest:
    """The manifest of the listed images. Nothing is copied: `folder` (the stage's own) only gives the name.

    Raises `DataError` for missing tags, unknown classes and, without `skip_bad`, bad images.
    """
    root = _root(settings)
    about = (f"VOC layout at {settings.root}", _TAG_SOURCES[settings.tag_source].format(file=settings.tags_file))
    return collect(_drafts(root, settings, listing), listing, settings.classes, settings, about, stage_job(folder))


def read_id_list(path: Path) -> list[str]:
    """Ids of a list file: bare ids, or lines like `/JPEGImages/<id>.jpg /SegmentationClass/<id>.png`.

    Raises `DataError` for a missing or empty list, an id listed twice, and an id that leaves the image folder.
    """
    if not path.is_file():
        raise DataError(f"{path}: expected a list of image ids, found no file. To do: correct `splits` or `root`.")
    lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    ids = [_id_of_line(line, path) for line in lines if line]
    if not ids:
        raise DataError(
            f"{path}: expected at least one image id, found an empty list. To do: fill it or drop the split."
        )
    repeated = [image_id for image_id, count in Counter(ids).items() if count > 1]
    if repeated:
        faults = [f"{path}: id {image_id!r} stands more than once" for image_id in repeated]
        raise join_faults("duplicate ids", faults, "list every image once")
    return ids


def _id_of_line(line: str, path: Path) -> str:
    if line.startswith("/"):
        return PurePosixPath(line.split()[0]).stem
    if ".." in PurePosixPath(line).parts or "\\" in line:
        raise DataError(f"{path}: id {line!r} leads out of the image folder. To do: list plain image ids.")
    return line


def _root(settings: VocSettings) -> Path:
    root = Path(settings.root)
    if not (root / settings.images).is_dir():
        raise DataError(
            f"{where_it_leads(root)}: expected a folder that holds {settings.images}, found "
            f"{'no such sub-folder' if root.is_dir() else 'no such folder'}. To do: correct the data setting `root`."
        )
    return root


def _list_file(root: Path, split: str, name: str) -> Path:
    for candidate in (root / LIST_FOLDER / name, root / name):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"split {split!r}: expected its list at {root / LIST_FOLDER / name} or {root / name}, found neither. "
        "To do: correct the data setting `splits`."
    )


@dataclass(frozen=True)
class _Sources:
    """What is read once for the whole data set."""

    boxes: dict[str, NamedBoxes]
    points: dict[str, tuple[Point, ...]]
    vectors: dict[str, np.ndarray]


def _drafts(root: Path, settings: VocSettings, listing: Listing) -> Iterator[Draft]:
    sources = _Sources(
        read_boxes_json(root / settings.boxes_file),
        read_points_json(root / settings.points_file, settings.classes, BACKGROUND),
        read_cls_labels(root / settings.tags_file, settings.classes) if settings.tag_source == "npy" else {},
    )
    _refuse_ids_without_tags(root, settings, listing, sources)
    for image_id, splits in zip(listing.ids, listing.splits, strict=True):
        yield _draft(root, settings, sources, image_id, splits)


def _refuse_ids_without_tags(root: Path, settings: VocSettings, listing: Listing, sources: _Sources) -> None:
    """All ids without tags in one error, before any image is decoded."""
    if settings.tag_source == "npy":
        missing = [image_id for image_id in listing.ids if image_id not in sources.vectors]
        place = root / settings.tags_file
    elif settings.tag_source == "xml":
        missing = [i for i in listing.ids if not (root / settings.annotations / f"{i}.xml").is_file()]
        place = root / settings.annotations
    else:
        missing = [image_id for image_id in listing.ids if _truth(root, settings, image_id) is None]
        place = root / (settings.truth or "(no truth folder set)")
    if missing:
        faults = [f"{image_id!r}: nothing in {place}" for image_id in missing]
        remedy = "add their tags, take them off the lists, or choose another `tag_source` (xml, masks, npy)"
        raise join_faults(f"images without tags (tag_source: {settings.tag_source})", faults, remedy)


def _draft(root: Path, settings: VocSettings, sources: _Sources, image_id: str, splits: tuple[str, ...]) -> Draft:
    xml = root / settings.annotations / f"{image_id}.xml"
    named = read_annotation(xml) if settings.tag_source == "xml" or (not sources.boxes and xml.is_file()) else []
    tags: tuple[int, ...] | None = None
    if settings.tag_source == "xml":
        tags = tuple(sorted({label_id(name, settings.classes, str(xml)) for *_, name in named}))
    elif settings.tag_source == "npy":
        tags = tags_of(sources.vectors[image_id])
    boxes = sources.boxes.get(image_id, []) if sources.boxes else named
    where = str(root / settings.boxes_file) if sources.boxes else str(xml)
    truth = _truth(root, settings, image_id)
    return Draft(
        image_id=image_id,
        file=_image_file(root / settings.images, image_id),
        splits=splits,
        tags=tags,
        boxes=from_voc_boxes(boxes, settings.classes, where),
        points=sources.points.get(image_id, ()),
        scribbles=_optional(root, settings.scribbles, image_id, ".png", XML),
        saliency=_optional(root, settings.saliency, image_id),
        truth=truth,
        instance_truth=_optional(root, settings.instance_truth, image_id) if truth else None,
    )


def _image_file(folder: Path, image_id: str) -> Path:
    """The image of an id, whatever its ending; the .jpg path when there is none, so that the error names that."""
    candidates = [folder / f"{image_id}{ending}" for ending in IMAGE_ENDINGS]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _optional(root: Path, folder: str | None, image_id: str, *endings: str) -> Path | None:
    """The image's file in a folder, with the first ending (by default .png) of which there is one."""
    paths = [root / folder / f"{image_id}{ending}" for ending in endings or (".png",)] if folder else []
    return next((path for path in paths if path.is_file()), None)


def _truth(root: Path, settings: VocSettings, image_id: str) -> Path | None:
    return _optional(root, settings.truth, image_id)
