"""Masks whose classes are colours, with the table of the colours that CVAT (`Segmentation mask 1.1`) and datumaro
write.

A line of `labelmap.txt` is `name:red,green,blue:parts:actions`; where it has no colours, they are VOC's, in the order
of the lines.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from wsss_core.data.labels import voc_palette
from wsss_core.exchange.errors import ForeignFileError
from wsss_core.label_ids import MAX_CLASSES, as_labels, class_labels
from wsss_core.settings.data import BACKGROUND

Colour = tuple[int, ...]
"""Red, green and blue, 0..255."""
BLACK = (0, 0, 0)
_COLUMNS_AFTER_NAME = 3
_SHOWN_COLOURS = 3


@dataclass(frozen=True)
class ColourTable:
    """`classes`: foreground names in the order of their label ids (see `label_ids`). `labels`: colour -> label id."""

    classes: tuple[str, ...]
    labels: dict[Colour, int]


def read_colour_table(path: Path) -> ColourTable:
    """The table of a `labelmap.txt`; the line `background` is label id 0, black without one.

    Raises `ForeignFileError` for a missing file, other lines, names or colours that stand twice, and too many classes.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        rows = [_row(line) for line in lines if line.strip() and not line.startswith("#")]
    except (OSError, ValueError) as error:
        raise ForeignFileError(
            f"{path}: expected lines `name:red,green,blue:parts:actions`, found: {error}. To do: give the "
            "`labelmap.txt` that the tool wrote beside the masks."
        ) from error
    names = [name for name, _ in rows]
    classes = tuple(name for name in names if name != BACKGROUND)
    given = [colour for _, colour in rows]
    colours = given if any(given) else [tuple(colour) for colour in voc_palette(len(rows)).tolist()]
    if len(set(names)) < len(names) or len(set(colours)) < len(names) or not 0 < len(classes) <= MAX_CLASSES:
        raise ForeignFileError(
            f"{path}: expected 1 to {MAX_CLASSES} classes with a name and a colour of their own each, found "
            f"{len(set(names))} names and {len(set(colours))} colours in {len(names)} lines. To do: correct the file."
        )
    ids = dict(zip(classes, class_labels(len(classes)).tolist(), strict=True)) | {BACKGROUND: 0}
    return ColourTable(classes, {BLACK: 0} | {colour: ids[name] for name, colour in zip(names, colours, strict=True)})


def _row(line: str) -> tuple[str, Colour]:
    """Name and colour; no colour where the line has none. A name may have colons."""
    name, colour, _, _ = line.rsplit(":", _COLUMNS_AFTER_NAME)
    values = tuple(int(value) for value in colour.split(",")) if colour else ()
    if values and (len(values) != len(BLACK) or not all(0 <= value <= 255 for value in values)):
        raise ValueError(f"the colour {colour!r}")
    return name.strip(), values


def read_coloured_mask(path: Path, table: ColourTable) -> np.ndarray:
    """Label map (H, W) of a PNG in the colours of `table`.

    Raises `ForeignFileError` for damaged files and for colours that are not in the table.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            red, green, blue = np.moveaxis(np.asarray(image.convert("RGB"), np.uint32), -1, 0)
    except Exception as error:  # on damaged files Pillow's decoders raise errors of any kind
        raise ForeignFileError(f"{path}: expected a PNG, found: {error}. To do: copy it again.") from error
    colours, place_HW = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
    found = [(int(colour) >> 16, int(colour) >> 8 & 255, int(colour) & 255) for colour in colours]
    unknown = [colour for colour in found if colour not in table.labels]
    if unknown:
        raise ForeignFileError(
            f"{path}: expected the colours of the table only, found {len(unknown)} others, such as "
            f"{', '.join(map(str, unknown[:_SHOWN_COLOURS]))}. To do: give the table that belongs to these masks, and "
            "masks without smoothed edges."
        )
    labels = as_labels([table.labels[colour] for colour in found])
    return labels[place_HW.reshape(red.shape)]
