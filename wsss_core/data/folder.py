"""`folder`: any photographs with a table of tags, annotations of a labelling tool, masks, or one sub-folder per class.

The id of an image is its path below the image folder without the ending, so file names may hold spaces, quotes, any
script and any sign. Images without tags are allowed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from wsss_core.artifacts.manifest import Box, Listing, Manifest
from wsss_core.data.annotated_files import annotated_files
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.folder_weak_labels import read_weak_labels, weak_label_files
from wsss_core.data.tag_table import TaggedFile, existing_path, read_tag_table
from wsss_core.exchange.annotations.source import is_annotation_source
from wsss_core.label_ids import without_reserved
from wsss_core.progress import stage_job
from wsss_core.settings.base import nearest
from wsss_core.settings.data import FolderSettings
from wsss_core.settings.paths import where_it_leads

IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif"})
TRAIN, VAL = "train", "val"
_HASH_RANGE = 2**64


def list_images(settings: FolderSettings) -> Listing:
    """Ids and splits from the table or the sub-folders. No image is opened.

    Raises `DataError` for an empty set, duplicate ids, unknown tags, and paths that leave the image folder.
    """
    files = tagged_files(settings)
    classes = class_names(settings, files)
    ids = tuple(image_id(entry.file) for entry in files)
    _refuse_duplicates(ids, files)
    given = [entry.splits for entry in files]
    splits = tuple(names or (TRAIN,) for names in given) if any(given) else _drawn_splits(ids, settings)
    return Listing(ids, splits, settings.part_size, classes)


def input_files(settings: FolderSettings) -> list[Path]:
    """Files whose change makes the manifest anew: the table of tags or the annotations, of a folder of them the newest;
    boxes and points.

    Images are not watched one by one.
    """
    tables = weak_label_files(settings)
    if not settings.tags:
        return tables
    tags = Path(settings.tags)
    if not tags.is_dir():
        return [tags, *tables]
    newest = sorted(tags.rglob("*.xml"), key=lambda path: (path.stat().st_mtime_ns, str(path)))[-1:]
    return [*newest, *tables]


def build(settings: FolderSettings, listing: Listing, folder: Path | str) -> Manifest:
    """The manifest of the listed images. Nothing is copied: `folder` (the stage's own) only gives the name.

    Raises `DataError`, and without `skip_bad` also for bad images.
    """
    files = tagged_files(settings)
    classes = class_names(settings, files)
    about = (f"folder {settings.images}", _tag_source(settings))
    return collect(_drafts(settings, files, classes, listing), listing, classes, settings, about, stage_job(folder))


def _tag_source(settings: FolderSettings) -> str:
    if settings.tag_source == "masks":
        return "classes with at least one pixel in the ground-truth mask"
    if settings.tags is None:
        return "the names of the sub-folders"
    form = "annotations" if is_annotation_source(Path(settings.tags)) else "table"
    return f"the {form} {settings.tags}"


def image_id(file: str) -> str:
    """The id of an image: its relative path without the ending."""
    return str(PurePosixPath(file).with_suffix(""))


def tagged_files(settings: FolderSettings) -> list[TaggedFile]:
    """All images with tags and splits, in the order of the table, or of their sorted paths.

    Raises `DataError`, and `ForeignFileError` for annotations that cannot be read.
    """
    root = Path(settings.images)
    if not root.is_dir():
        raise DataError(
            f"{where_it_leads(root)}: expected the folder of the images, found none. "
            "To do: correct the setting `images`."
        )
    files = [_of_classes(entry, settings) for entry in _listed(settings, root)]
    if not files:
        where = settings.tags or settings.images
        raise DataError(f"{where}: expected at least one image, found none. To do: add images or correct the settings.")
    return files


def _listed(settings: FolderSettings, root: Path) -> list[TaggedFile]:
    if settings.tag_source == "masks":
        found = _by_sub_folder(root, settings.truth)
        return [replace(entry, tags=None) for entry in found if _truth(settings, image_id(entry.file)) is not None]
    if settings.tags is None:
        return _by_sub_folder(root, settings.truth)
    tags = Path(settings.tags)
    return annotated_files(tags, root) if is_annotation_source(tags) else read_tag_table(tags, root)


def _truth(settings: FolderSettings, name: str) -> Path | None:
    path = existing_path(Path(settings.truth), f"{name}.png") if settings.truth else None
    return path if path is not None and path.is_file() else None


def _of_classes(entry: TaggedFile, settings: FolderSettings) -> TaggedFile:
    """Without the names that stand for no class at all, and, if the settings say so, those not in `classes`."""
    if entry.tags is None:
        return entry
    dropped = set(settings.no_class)
    if settings.unlisted_tags == "drop" and settings.classes:
        dropped |= {name for name in entry.tags if name not in settings.classes}
    if dropped.isdisjoint(entry.tags) and not entry.boxes:
        return entry
    return replace(
        entry,
        tags=tuple(name for name in entry.tags if name not in dropped),
        boxes=tuple(box for box in entry.boxes if box[-1] not in dropped),
    )


def class_names(settings: FolderSettings, files: Sequence[TaggedFile]) -> tuple[str, ...]:
    """Foreground classes: those of the settings, else all tags in alphabetical order. Raises `DataError`."""
    if not settings.classes:
        found = tuple(sorted({tag for entry in files for tag in entry.tags or ()}))
        if not found:
            raise DataError(
                f"{settings.tags or settings.images}: expected at least one tag, found none. To do: tag some images."
            )
        _refuse_other_case(files)
        return FolderSettings(images=settings.images, classes=found).classes  # the same rules as for written classes
    known = without_reserved(settings.classes)
    faults = [
        f"{entry.where}: unknown tag {tag!r}; {nearest(tag, list(known))}"
        for entry in files
        for tag in entry.tags or ()
        if tag not in known
    ]
    if faults:
        raise join_faults(
            "unknown tags", faults, "correct the tags, add them to `classes`, or set `unlisted_tags: drop`"
        )
    return settings.classes


def _refuse_other_case(files: Sequence[TaggedFile]) -> None:
    """Names such as Cat and cat are hardly two things. Who means both writes them into `classes`."""
    first: dict[str, tuple[str, str]] = {}
    for entry in files:
        for tag in entry.tags or ():
            known, where = first.setdefault(tag.casefold(), (tag, entry.where))
            if known != tag:
                raise DataError(
                    f"{entry.where}: expected one way to write a tag, found {tag!r}, which is {known!r} in {where}. To "
                    "do: write both alike, or list both in `classes`."
                )


def _by_sub_folder(root: Path, truth: str | None) -> list[TaggedFile]:
    """All images below `root` but those in `truth`, whose label maps are no photographs of a class called so."""
    files = []
    masks = Path(truth).resolve() if truth else None
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(step.startswith(".") for step in relative.parts)
        if masks is not None and masks != root.resolve() and path.resolve().is_relative_to(masks):
            continue
        if hidden or path.suffix.lower() not in IMAGE_ENDINGS or not path.is_file():
            continue
        tags = (relative.parts[0],) if len(relative.parts) > 1 else ()
        files.append(TaggedFile(relative.as_posix(), tags, (), str(path)))
    _refuse_other_encodings(files)
    return files


def _refuse_other_encodings(files: Sequence[TaggedFile]) -> None:
    """Names whose bytes are not UTF-8, as old archives from Windows leave them, cannot be written to any table."""
    broken = [ascii(entry.file) for entry in files if any("\ud800" <= sign <= "\udfff" for sign in entry.file)]
    if broken:
        raise join_faults("file names are not UTF-8", broken, "rename the files, e.g. with `convmv -f latin1 -t utf8`")


def _refuse_duplicates(ids: Sequence[str], files: Sequence[TaggedFile]) -> None:
    first: dict[str, TaggedFile] = {}
    faults = []
    for name, entry in zip(ids, files, strict=True):
        if name in first:
            faults.append(f"id {name!r}: {first[name].where} and {entry.where}")
        first.setdefault(name, entry)
    if faults:
        raise join_faults("duplicate ids (the path without its ending)", faults, "rename or remove one of each")


def _drawn_splits(ids: Sequence[str], settings: FolderSettings) -> tuple[tuple[str, ...], ...]:
    """`val` for ids whose hash is low. Each split gets at least one image where there are two."""
    if settings.val_fraction == 0:
        return tuple((TRAIN,) for _ in ids)
    if len(ids) < 2:
        raise DataError("expected at least 2 images to draw a val split, found 1. To do: set `val_fraction: 0`.")
    scores = [_hash_fraction(settings.split_seed, name) for name in ids]
    in_val = [score < settings.val_fraction for score in scores]
    in_val[scores.index(min(scores))] = True
    in_val[scores.index(max(scores))] = False
    return tuple((VAL,) if chosen else (TRAIN,) for chosen in in_val)


def _hash_fraction(seed: int, name: str) -> float:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _HASH_RANGE


def _drafts(
    settings: FolderSettings, files: Sequence[TaggedFile], classes: tuple[str, ...], listing: Listing
) -> Iterator[Draft]:
    by_id = {image_id(entry.file): entry for entry in files}
    missing = [name for name in listing.ids if name not in by_id]
    if missing:
        raise DataError(
            f"image {missing[0]!r} was listed and is gone. To do: run again, so that the list is read anew."
        )
    root, weak = Path(settings.images), read_weak_labels(settings, classes, listing.ids)
    for name, splits in zip(listing.ids, listing.splits, strict=True):
        entry = by_id[name]
        tags = None if entry.tags is None else tuple(sorted({classes.index(tag) + 1 for tag in entry.tags}))
        boxes = tuple(Box(x0, y0, x1, y1, classes.index(tag) + 1) for x0, y0, x1, y1, tag in entry.boxes)
        yield Draft(
            image_id=name,
            file=existing_path(root, entry.file),
            splits=splits,
            tags=tags,
            boxes=weak.boxes.get(name, boxes),
            points=weak.points.get(name, ()),
            scribbles=weak.scribble_file(name),
            truth=_truth(settings, name),
        )
