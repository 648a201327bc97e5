"""`coco`: MS-COCO 2014 or 2017 in its own folders, with the lists, tags and masks that `wsss coco` made."""

from collections.abc import Iterator
from pathlib import Path

from wsss_core.artifacts.manifest import Listing, Manifest
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.voc import LIST_FOLDER, read_id_list
from wsss_core.exchange.cls_labels import read_cls_labels, tags_of
from wsss_core.progress import stage_job
from wsss_core.settings.data import CocoSettings
from wsss_core.settings.paths import where_it_leads

IMAGE_ENDING = ".jpg"


def list_images(settings: CocoSettings) -> Listing:
    """Ids and splits from the lists, in order of first appearance. No image is opened. Raises `DataError`."""
    root = _root(settings)
    splits: dict[str, tuple[str, ...]] = {}
    for split in settings.splits:
        for image_id in read_id_list(root / LIST_FOLDER / f"{split}.txt"):
            if image_id in splits:
                raise DataError(
                    f"image {image_id!r} is in the lists of {splits[image_id][0]} and {split}, expected in one: the "
                    "folder of an image is that of its split. To do: take it off one of the lists."
                )
            splits[image_id] = (split,)
    return Listing(tuple(splits), tuple(splits.values()), settings.part_size)


def input_files(settings: CocoSettings) -> list[Path]:
    """Files whose change makes the manifest anew: lists and tags."""
    root = _root(settings)
    files = [*(root / LIST_FOLDER / f"{split}.txt" for split in settings.splits), root / settings.tags_file]
    return [path for path in files if path.is_file()]


def build(settings: CocoSettings, listing: Listing, folder: Path | str) -> Manifest:
    """The manifest of the listed images. Nothing is copied: `folder` (the stage's own) only gives the name.

    Raises `DataError` for images without tags and, without `skip_bad`, for bad images.
    """
    about = (f"MS-COCO at {settings.root}", f"the array {settings.tags_file}")
    drafts = _drafts(_root(settings), settings, listing)
    return collect(drafts, listing, settings.classes, settings, about, stage_job(folder))


def _root(settings: CocoSettings) -> Path:
    root = Path(settings.root)
    for folder in settings.splits.values():
        if not (root / folder).is_dir():
            raise DataError(
                f"{where_it_leads(root)}: expected a folder that holds {folder}, found none. To do: correct the data "
                "settings `root` and `splits`."
            )
    if not (root / LIST_FOLDER).is_dir():
        raise DataError(
            f"{where_it_leads(root)}: expected lists in {LIST_FOLDER}, found no such folder. To do: make them, with "
            f"tags and masks, by `wsss coco annotations/instances_*.json --out {root}`."
        )
    return root


def _drafts(root: Path, settings: CocoSettings, listing: Listing) -> Iterator[Draft]:
    vectors = read_cls_labels(root / settings.tags_file, settings.classes)
    missing = [
        f"{image_id!r}: nothing in {root / settings.tags_file}" for image_id in listing.ids if image_id not in vectors
    ]
    if missing:
        raise join_faults("images without tags", missing, "make lists and tags together with `wsss coco`")
    for image_id, (split,) in zip(listing.ids, listing.splits, strict=True):
        images = settings.splits[split]
        yield Draft(
            image_id=image_id,
            file=root / images / f"{image_id}{IMAGE_ENDING}",
            splits=(split,),
            tags=tags_of(vectors[image_id]),
            saliency=_existing(root / settings.saliency / f"{image_id}.png") if settings.saliency else None,
            truth=_existing(root / settings.truth / images / f"{image_id}.png") if settings.truth else None,
        )


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
