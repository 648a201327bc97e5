"""Seeds from boxes: object, background, and unlabelled between them (SPML, Ke et al., ICLR 2021, on box CAMs)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import Box, ImageRecord
from wsss_core.label_ids import BACKGROUND, UNLABELLED, label_type
from wsss_core.settings.drawn_seeds import FromBoxesSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

Evidence = Callable[[Box, tuple[slice, slice]], np.ndarray]
"""How much of an object each pixel of a box's window is: float (h, w), from 0 to 1."""


def box_seed(size_hw: tuple[int, int], boxes: Sequence[Box], evidence: Evidence, threshold: float) -> np.ndarray:
    """Label map (H, W): 0 outside of all boxes, a box's class where its evidence is at least `threshold` (of
    several boxes the strongest evidence decides, of equals the smallest box), 254 elsewhere."""
    label_HW = np.full(size_hw, BACKGROUND, label_type(max((box.label for box in boxes), default=0)))
    best_HW = np.full(size_hw, -np.inf)
    windows = sorted(((_window(box, size_hw), box) for box in boxes), key=lambda item: _area(item[0]))
    for window, _ in windows:
        label_HW[window] = UNLABELLED
    for window, box in windows:
        value = evidence(box, window)
        wins = (value >= threshold) & (value > best_HW[window])
        label_HW[window][wins] = box.label
        best_HW[window][wins] = value[wins]
    return label_HW


def cam_evidence(row: CamRow) -> Evidence:
    """The class's CAM, stretched to 0..1 inside of the box; 0 for a class without CAM."""
    scores, ids = row.scores(), row.class_ids.tolist()

    def evidence(box: Box, window: tuple[slice, slice]) -> np.ndarray:
        if box.label not in ids:
            return np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start))
        inside = scores[ids.index(box.label)][window]
        low, high = inside.min(initial=np.inf), inside.max(initial=-np.inf)
        stretched: np.ndarray = (inside - low) / max(high - low, np.finfo(np.float32).tiny)
        return stretched

    return evidence


def centre_evidence(inner_share: float) -> Evidence:
    """1 in the middle part of the box, `inner_share` of its sides, 0 around it."""

    def evidence(box: Box, window: tuple[slice, slice]) -> np.ndarray:
        rows, columns = (_middle(part.stop - part.start, inner_share) for part in window)
        return (rows[:, None] & columns[None]).astype(np.float64)

    return evidence


def _middle(length: int, share: float) -> np.ndarray:
    place = (np.arange(length) + 0.5) / max(1, length)
    inside: np.ndarray = np.abs(place - 0.5) <= share / 2
    return inside


def _window(box: Box, size_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Pixels that the box touches."""
    top, left = max(0, int(np.floor(box.y0))), max(0, int(np.floor(box.x0)))
    bottom, right = min(size_hw[0], int(np.ceil(box.y1))), min(size_hw[1], int(np.ceil(box.x1)))
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def _area(window: tuple[slice, slice]) -> int:
    area: int = (window[0].stop - window[0].start) * (window[1].stop - window[1].start)
    return area


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from the boxes of the data and, if the input `cams` is given, from CAMs."""
    settings = context.typed_settings(FromBoxesSettings)
    with_cams = "cams" in context.inputs

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        if record.tags and not record.boxes:
            raise ValueError(f"image {record.image_id!r} has tags but no box; give the data boxes, or use tags")
        size_hw = record.height, record.width
        evidence = cam_evidence(typed_row(rows, "cams", CamRow)) if with_cams else centre_evidence(settings.inner_share)
        threshold = settings.threshold if with_cams else 1.0
        return LabelRow(record.image_id, box_seed(size_hw, record.boxes, evidence, threshold))

    return process
