"""`densepose`: COCO 2014 photographs with masks of 14 body parts, and points (DensePose, Güler et al., CVPR 2018).

Files lie as SPML (Ke et al., ICLR 2021) has them; the points of a part are read as scribbles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wsss_core.artifacts.manifest import Listing, Manifest
from wsss_core.data.collect import Draft, collect
from wsss_core.data.faults import DataError
from wsss_core.progress import stage_job
from wsss_core.settings.densepose import DensePoseSettings
from wsss_core.settings.paths import where_it_leads

IMAGE_ENDING, MAP_ENDING = ".jpg", ".png"


@dataclass(frozen=True)
class Entry:
    """One image: its id (the file's name without ending), its file below the root, and its sub-folder."""

    image_id: str
    file: str
    sub_folder: str


def list_images(settings: DensePoseSettings) -> Listing:
    """Ids and splits, in order of first appearance. No image is opened. Raises `DataError`."""
    splits: dict[str, list[str]] = {}
    for split, place in settings.splits.items():
        for entry in _entries(settings, split, place):
            splits.setdefault(entry.image_id, []).append(split)
    return Listing(tuple(splits), tuple(tuple(names) for names in splits.values()), settings.part_size)


def input_files(settings: DensePoseSettings) -> list[Path]:
    """The list files, where splits have some. Images and masks are not watched one by one."""
    paths = [Path(settings.root) / place for place in settings.splits.values()]
    return [path for path in paths if path.is_file()]


def build(settings: DensePoseSettings, listing: Listing, folder: Path | str) -> Manifest:
    """The manifest of the listed images. Nothing is copied. Raises `DataError` for bad images without `skip_bad`."""
    about = (f"DensePose-COCO at {settings.root}", "body parts in the mask, or at the points where there is no mask")
    return collect(_drafts(settings, listing), listing, settings.classes, settings, about, stage_job(folder))


def _drafts(settings: DensePoseSettings, listing: Listing) -> Iterator[Draft]:
    entries = {
        entry.image_id: entry for split, place in settings.splits.items() for entry in _entries(settings, split, place)
    }
    for image_id, splits in zip(listing.ids, listing.splits, strict=True):
        entry = entries[image_id]
        truth = _map(settings, settings.truth, entry)
        yield Draft(
            image_id=image_id,
            file=Path(settings.root) / entry.file,
            splits=splits,
            tags=None if truth is not None else (),
            scribbles=_map(settings, settings.points, entry),
            truth=truth,
            instance_truth=_map(settings, settings.instance_truth, entry) if truth else None,
        )


def _entries(settings: DensePoseSettings, split: str, place: str) -> list[Entry]:
    root = Path(settings.root)
    path = root / place
    if path.is_dir():
        files = sorted(file.relative_to(root).as_posix() for file in path.glob(f"*{IMAGE_ENDING}"))
        found = [entry for entry in map(_entry, files) if _is_labelled(settings, entry)]
    elif path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [_entry(line.split()[0].lstrip("/")) for line in lines if line.strip()]
    else:
        raise DataError(
            f"split {split!r}: expected the folder of its images or a list at {where_it_leads(path)}, found neither. "
            "To do: correct the data settings `root` and `splits`."
        )
    if not found:
        raise DataError(f"split {split!r}: expected labelled images in {path}, found none. To do: correct `splits`.")
    return found


def _entry(file: str) -> Entry:
    path = PurePosixPath(file)
    return Entry(path.stem, file, path.parent.name)


def _is_labelled(settings: DensePoseSettings, entry: Entry) -> bool:
    return any(_map(settings, folder, entry) is not None for folder in (settings.truth, settings.points))


def _map(settings: DensePoseSettings, folder: str | None, entry: Entry) -> Path | None:
    if folder is None:
        return None
    base = Path(settings.root) / folder
    places = (base / entry.sub_folder / f"{entry.image_id}{MAP_ENDING}", base / f"{entry.image_id}{MAP_ENDING}")
    return next((path for path in places if path.is_file()), None)
