"""Export as CVAT's XML form "CVAT for images 1.1": a mask per class and image, to be corrected by hand there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.photograph_path import photograph_path
from wsss_core.exchange.shown_classes import shown_classes
from wsss_core.label_ids import is_class

FIRST_NUMBER = 1_000_000_000
"""Where no file of a task has the name of an image, CVAT takes the frame of its number. No task has so many frames, so
that it says that the image is missing; numbers from 0 would put the masks on some other photograph."""


def write_cvat_xml(
    rows: Iterable[LabelRow], records: Mapping[str, ImageRecord], classes: Sequence[str], path: Path | str
) -> int:
    """Write `rows` as one XML file, atomically, one image at a time; returns the image count.

    CVAT finds an image of the task by the path of its file, taken from `records`. `classes`: names by label id.
    """
    count = 0
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        file.write(_labels(classes))
        for row in rows:
            file.write(image_of(row, photograph_path(records[row.image_id]), FIRST_NUMBER + count, classes))
            count += 1
        file.write("</annotations>\n")
    return count


def _labels(classes: Sequence[str]) -> str:
    """What readers that do not know the task need: its labels."""
    names = [name for label, name in enumerate(classes) if is_class(label)]
    labels = "".join(f"<label><name>{escape(name)}</name></label>" for name in names)
    return f"  <meta><task><labels>{labels}</labels></task></meta>\n"


def image_of(row: LabelRow, name: str, number: int, classes: Sequence[str]) -> str:
    """The element of one image."""
    height, width = row.label_HW.shape
    masks = [_mask(row.label_HW == label, classes[label]) for label in shown_classes(row.label_HW)]
    head = f'  <image id="{number}" name={quoteattr(name)} width="{width}" height="{height}">\n'
    return "".join([head, *masks, "  </image>\n"])


def _mask(mask_HW: np.ndarray, name: str) -> str:
    """Runs along the rows of the mask's box, zeros first."""
    rows, columns = np.flatnonzero(mask_HW.any(1)), np.flatnonzero(mask_HW.any(0))
    top, left = rows[0], columns[0]
    inside = mask_HW[top : rows[-1] + 1, left : columns[-1] + 1]
    flat = inside.reshape(-1)
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    runs = [*([0] if flat[0] else []), *np.diff(starts, append=len(flat)).tolist()]
    return (
        f'    <mask label={quoteattr(name)} source="auto" occluded="0" rle="{", ".join(map(str, runs))}" left="{left}" '
        f'top="{top}" width="{inside.shape[1]}" height="{inside.shape[0]}" z_order="0"></mask>\n'
    )
