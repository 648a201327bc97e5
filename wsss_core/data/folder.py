"""`folder`: any photographs with a table of tags, or one sub-folder per class.

The id of an image is its path below the image folder without the ending, so file names may hold spaces, quotes, any
script and any sign. Images without tags are allowed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from wsss_core.artifacts.manifest import Listing, Manifest
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.tag_table import TaggedFile, existing_path, read_tag_table
from wsss_core.progress import stage_job
from wsss_core.settings.base import nearest
from wsss_core.settings.data import FolderSettings
from wsss_core.settings.paths import where_it_leads

IMAGE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
TRAIN, VAL = "train", "val"
_HASH_RANGE = 2**64


def list_images(settings: FolderSettings) -> Listing:
    """Ids and splits from the table or the sub-folders. No image is opened.

    Raises `DataError` for an empty set, duplicate ids, unknown tags, and paths that leave the image folder.
    """
    files = tagged_files(settings)
    class_names(settings, files)
    ids = tuple(image_id(entry.file) for entry in files)
    _refuse_duplicates(ids, files)
    given = [entry.splits for entry in files]
    splits = tuple(names or (TRAIN,) for names in given) if any(given) else _drawn_splits(ids, settings)
    return Listing(ids, splits, settings.part_size)


def input_files(settings: FolderSettings) -> list[Path]:
    """Files whose change makes the manifest anew: the table of tags. Images are not watched one by one."""
    return [Path(settings.tags)] if settings.tags else []


def build(settings: FolderSettings, listing: Listing, folder: Path | str) -> Manifest:
    """The manifest of the listed images. Nothing is copied: `folder` (the stage's own) only gives the name.

    Raises `DataError`, and without `skip_bad` also for bad images.
    """
    files = tagged_files(settings)
    classes = class_names(settings, files)
    source = f"the table {settings.tags}" if settings.tags else "the names of the sub-folders"
    about = (f"folder {settings.images}", source)
    return collect(_drafts(settings, files, classes, listing), listing, classes, settings, about, stage_job(folder))


def image_id(file: str) -> str:
    """The id of an image: its relative path without the ending."""
    return str(PurePosixPath(file).with_suffix(""))


def tagged_files(settings: FolderSettings) -> list[TaggedFile]:
    """All images with tags and splits, in the order of the table, or of their sorted paths. Raises `DataError`."""
    root = Path(settings.images)
    if not root.is_dir():
        raise DataError(
            f"{where_it_leads(root)}: expected the folder of the images, found none. "
            "To do: correct the setting `images`."
        )
    files = read_tag_table(Path(settings.tags), root) if settings.tags else _by_sub_folder(root, settings.truth)
    if not files:
        where = settings.tags or settings.images
        raise DataError(f"{where}: expected at least one image, found none. To do: add images or correct the settings.")
    return files


def class_names(settings: FolderSettings, files: Sequence[TaggedFile]) -> tuple[str, ...]:
    """Foreground classes: those of the settings, else all tags in alphabetical order. Raises `DataError`."""
    if not settings.classes:
        found = tuple(sorted({tag for entry in files for tag in entry.tags}))
        if not found:
            raise DataError(
                f"{settings.tags or settings.images}: expected at least one tag, found none. To do: tag some images."
            )
        return FolderSettings(images=settings.images, classes=found).classes  # the same rules as for written classes
    faults = [
        f"{entry.where}: unknown tag {tag!r}; {nearest(tag, list(settings.classes))}"
        for entry in files
        for tag in entry.tags
        if tag not in settings.classes
    ]
    if faults:
        raise join_faults("unknown tags", faults, "correct the tags, or add them to `classes`")
    return settings.classes


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
    root = Path(settings.images)
    for name, splits in zip(listing.ids, listing.splits, strict=True):
        entry = by_id[name]
        truth = existing_path(Path(settings.truth), f"{name}.png") if settings.truth else None
        yield Draft(
            image_id=name,
            file=existing_path(root, entry.file),
            splits=splits,
            tags=tuple(sorted({classes.index(tag) + 1 for tag in entry.tags})),
            truth=truth if truth is not None and truth.is_file() else None,
        )
