"""Scribbles from files: PNGs of label ids, or the XML of ScribbleSup (Lin et al., CVPR 2016)."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from wsss_core.data.faults import DataError
from wsss_core.data.labels import read_label_png
from wsss_core.label_ids import IGNORE, UNLABELLED, as_labels, is_known, label_type
from wsss_core.settings.base import nearest

XML = ".xml"


def read_scribbles(path: Path, size_hw: tuple[int, int], classes: Sequence[str], off_255: bool) -> np.ndarray:
    """Label map (H, W) of a scribble file: labels on the strokes, 254 elsewhere, 255 where a PNG says ignore.

    classes: names by label id, background first. off_255: 255 in a PNG stands for "off the strokes", as the public
    converter of ScribbleSup writes it; else for pixels to be left out. Every number from the class count to 254 stands
    for "off the strokes" in both. Raises `DataError` for another size and unknown classes, `LabelError` for no PNG.
    """
    if path.suffix.lower() == XML:
        return _read_xml(path, size_hw, classes)
    label_HW = read_label_png(path)
    if label_HW.shape != size_hw:
        raise DataError(
            f"{path}: expected the size of its image, {size_hw}, found {label_HW.shape}. To do: replace it."
        )
    off = ~is_known(label_HW, len(classes)) & ((label_HW != IGNORE) | off_255)
    return as_labels(np.where(off, UNLABELLED, label_HW))


def _read_xml(path: Path, size_hw: tuple[int, int], classes: Sequence[str]) -> np.ndarray:
    """Strokes one pixel wide; later ones lie on top."""
    drawn = np.full(size_hw, UNLABELLED, label_type(len(classes) - 1))
    try:
        for stroke in ElementTree.parse(path).getroot().iter("polygon"):
            name = (stroke.findtext("tag") or "").strip()
            points = [(_number(point, "X"), _number(point, "Y")) for point in stroke.iter("point")]
            if points:
                corners = np.array([*points, points[-1]], np.float64).round().astype(np.int32).reshape(-1, 1, 2)
                cv2.polylines(drawn, [corners], isClosed=False, color=_label(name, classes, path), thickness=1)
    except FileNotFoundError as error:
        raise DataError(f"{path}: expected a scribble file, found none. To do: correct the folder.") from error
    except (ElementTree.ParseError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: expected ScribbleSup's XML, found: {error}. To do: replace the file.") from error
    return drawn


def _label(name: str, classes: Sequence[str], path: Path) -> int:
    if name not in classes:
        raise DataError(f"{path}: unknown class {name!r}; {nearest(name, list(classes))}. To do: correct it.")
    return list(classes).index(name)


def _number(point: ElementTree.Element, axis: str) -> float:
    text = point.findtext(axis) or point.findtext(axis.lower())
    if text is None:
        raise ValueError(f"a point without {axis}")
    return float(text)
