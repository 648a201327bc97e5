"""Export as CVAT's XML form "CVAT for images 1.1": a mask per class and image, to be corrected by hand there."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.artifacts.label_maps import BACKGROUND, IGNORE, LabelRow
from wsss_core.artifacts.manifest import ImageRecord


def write_cvat_xml(
    rows: Iterable[LabelRow], records: Mapping[str, ImageRecord], classes: Sequence[str], path: Path | str
) -> int:
    """Write `rows` as one XML file, atomically, one image at a time; returns the image count.

    CVAT finds an image of the task by the name of its file, taken from `records`. `classes`: names by label id.
    """
    count = 0
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n')
        for row in rows:
            file.write(image_of(row, Path(records[row.image_id].file).name, count, classes))
            count += 1
        file.write("</annotations>\n")
    return count


def image_of(row: LabelRow, name: str, number: int, classes: Sequence[str]) -> str:
    """The element of one image."""
    height, width = row.label_HW.shape
    labels = [int(label) for label in np.unique(row.label_HW) if label not in (BACKGROUND, IGNORE)]
    masks = [_mask(row.label_HW == label, classes[label]) for label in labels]
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
