"""From what a data set lists to checked manifest rows: every image is decoded once, every mask compared with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wsss_core.artifacts.manifest import Box, ImageRecord, Listing, Manifest, Point
from wsss_core.data.faults import DataError, join_faults
from wsss_core.data.images import ImageError, probe_image
from wsss_core.data.instance_truth import read_instance_truth
from wsss_core.data.labels import LabelError, read_label_png
from wsss_core.data.scribble_files import XML
from wsss_core.label_ids import IGNORE, is_class, is_known
from wsss_core.progress import progress
from wsss_core.settings.data import BACKGROUND, DataSettings


@dataclass(frozen=True)
class Draft:
    """One image as its data set lists it, not yet looked at. `tags` None: take the classes of the truth mask.

    `instance_truth` needs `truth`, which has the classes of its objects.
    """

    image_id: str
    file: Path
    splits: tuple[str, ...]
    tags: tuple[int, ...] | None
    boxes: tuple[Box, ...] = ()
    points: tuple[Point, ...] = ()
    scribbles: Path | None = None
    saliency: Path | None = None
    truth: Path | None = None
    instance_truth: Path | None = None


def collect(
    drafts: Iterable[Draft],
    listing: Listing,
    classes: tuple[str, ...],
    settings: DataSettings,
    about: tuple[str, str],
    job: str = "data",
) -> Manifest:
    """Check every draft and make the manifest.

    classes: foreground names; about: the data set and the source of its tags, in words; job: name in the progress
    display. Bad images are an error that names the first few, or, with `skip_bad`, records with the reason in
    `skipped`. Raises `DataError`.
    """
    records: list[ImageRecord] = []
    disagreeing = 0
    for index, draft in enumerate(progress(drafts, job, len(listing.ids))):
        record, agrees = _checked(draft, index // listing.part_size, len(classes), settings)
        records.append(record)
        disagreeing += not agrees
    bad = [record for record in records if record.skipped is not None]
    if bad and not settings.skip_bad:
        faults = [f"image {record.image_id!r}: {record.skipped}" for record in bad]
        raise join_faults("bad images", faults, "mend the files, or set `skip_bad: true` to leave them out")
    _refuse_empty_splits(records, listing, bad)
    notes = _notes(records, bad, disagreeing, classes)
    return Manifest((BACKGROUND, *classes), tuple(records), about[1], about[0], notes)


def _checked(draft: Draft, part: int, class_count: int, settings: DataSettings) -> tuple[ImageRecord, bool]:
    """The record of a draft, and whether its tags agree with its mask (True when there is no mask)."""
    try:
        height, width = probe_image(draft.file, settings.max_pixels, decode=True)
        _check_side(draft.file, height, width, settings.min_side)
        in_mask = _mask_classes(draft, (height, width), class_count)
        for extra in (draft.scribbles, draft.saliency):
            if extra is not None and extra.suffix != XML:
                _check_size(extra, read_label_png(extra), (height, width))
    except (ImageError, LabelError) as error:
        return _record(draft, part, (0, 0), draft.tags or (), str(error)), True
    tags = draft.tags if draft.tags is not None else in_mask or ()
    agrees = in_mask is None or set(in_mask) == set(tags)
    return _record(draft, part, (height, width), tags, None), agrees


def _record(
    draft: Draft, part: int, size_hw: tuple[int, int], tags: tuple[int, ...], skipped: str | None
) -> ImageRecord:
    return ImageRecord(
        image_id=draft.image_id,
        file=str(draft.file),
        height=size_hw[0],
        width=size_hw[1],
        splits=draft.splits,
        part=part,
        tags=tuple(sorted(tags)),
        boxes=draft.boxes,
        points=draft.points,
        scribbles=None if draft.scribbles is None else str(draft.scribbles),
        saliency=None if draft.saliency is None else str(draft.saliency),
        truth=None if draft.truth is None else str(draft.truth),
        instance_truth=None if draft.instance_truth is None else str(draft.instance_truth),
        skipped=skipped,
    )


def _check_side(file: Path, height: int, width: int, min_side: int) -> None:
    if min(height, width) < min_side:
        expected = f"sides of at least {min_side} pixels (data setting `min_side`)"
        raise ImageError(file, expected, f"{width}x{height}", "take the image off the list or lower `min_side`")


def _check_size(path: Path, label_HW: np.ndarray, size_hw: tuple[int, int]) -> None:
    if label_HW.shape != size_hw:
        raise LabelError(
            f"{path}: expected the size of its image, height {size_hw[0]} and width {size_hw[1]}, found "
            f"{label_HW.shape[0]} and {label_HW.shape[1]}. To do: resize the map (nearest neighbour) or replace it."
        )


def _mask_classes(draft: Draft, size_hw: tuple[int, int], class_count: int) -> tuple[int, ...] | None:
    """Foreground label ids in the truth mask, ascending; None without a mask.

    Raises `LabelError` for a wrong size, an unknown id, and for true objects that do not fit the mask.
    """
    if draft.truth is None:
        return None
    label_HW = read_label_png(draft.truth)
    _check_size(draft.truth, label_HW, size_hw)
    if draft.instance_truth is not None:
        read_instance_truth(draft.instance_truth, label_HW)
    ids = np.unique(label_HW)
    unknown = [int(label) for label in ids if label != IGNORE and not is_known(label, class_count + 1)]
    if unknown:
        raise LabelError(
            f"{draft.truth}: expected label ids 0..{class_count} and {IGNORE} (ignore), found {unknown}. "
            "To do: check the number and order of `classes`."
        )
    return tuple(int(label) for label in ids if is_class(int(label)))


def _refuse_empty_splits(records: list[ImageRecord], listing: Listing, bad: list[ImageRecord]) -> None:
    usable = {name for record in records if record.skipped is None for name in record.splits}
    empty = [name for name in listing.split_names if name not in usable]
    if empty:
        raise DataError(
            f"expected at least one usable image in every split, found none in: {', '.join(empty)}"
            + (f". The first bad one is {bad[0].image_id!r}: {bad[0].skipped} " if bad else ". ")
            + "To do: mend its images, or take the split out of the settings."
        )


def _notes(
    records: list[ImageRecord], bad: list[ImageRecord], disagreeing: int, classes: Sequence[str]
) -> tuple[str, ...]:
    usable = [record for record in records if record.skipped is None]
    notes = []
    if bad:
        notes.append(f"{len(bad)} of {len(records)} images are left out as bad files")
    untagged = sum(not record.tags for record in usable)
    if untagged:
        notes.append(f"{untagged} of {len(usable)} images have no tag")
    with_truth = sum(record.truth is not None for record in usable)
    if disagreeing:
        note = f"{disagreeing} of {with_truth} images with ground truth have tags other than the classes in it"
        if 2 * disagreeing > with_truth:  # tags have a slip here and there; if most differ, it is the order
            note += (
                f"; are {', '.join(classes[:3])} really the label ids 1, 2, ... of the masks? `classes` sets the order"
            )
        notes.append(note)
    return tuple(notes)
