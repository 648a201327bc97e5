"""Seeds from clicks: a small square of its label around each, unlabelled elsewhere (Bearman et al., ECCV 2016)."""

from collections.abc import Mapping, Sequence

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord, Point
from wsss_core.data.drawing import drawn_points, widened
from wsss_core.data.labels import read_label_png
from wsss_core.label_ids import UNLABELLED, label_type
from wsss_core.settings.drawn_seeds import FromPointsSettings
from wsss_core.stages.context import Processor, StageContext


def point_map(size_hw: tuple[int, int], points: Sequence[Point]) -> np.ndarray:
    """Label map (H, W): a pixel for each click, 254 elsewhere; clicks outside of the image go to its nearest pixel."""
    drawn = np.full(size_hw, UNLABELLED, label_type(max((point.label for point in points), default=0)))
    for point in points:
        places = zip((point.y, point.x), size_hw, strict=True)
        row, column = (int(np.clip(value, 0, side - 1)) for value, side in places)
        drawn[row, column] = point.label
    return drawn


def point_seed(record: ImageRecord, settings: FromPointsSettings) -> np.ndarray:
    """Label map (H, W) of an image, 254 away from the clicks; `ValueError` where the image has none."""
    if settings.source == "truth":
        if record.truth is None:
            raise ValueError(f"image {record.image_id!r} has no ground truth; `source: truth` cannot click on it")
        clicks_HW = drawn_points(read_label_png(record.truth), settings.min_piece_px)
    else:
        if not record.points:
            raise ValueError(
                f"image {record.image_id!r} has no points; give the data a `points_file`, or click on the truth: "
                "`source: truth`"
            )
        clicks_HW = point_map((record.height, record.width), record.points)
    return widened(clicks_HW, settings.width_px)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its points."""
    settings = context.typed_settings(FromPointsSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        return LabelRow(record.image_id, point_seed(record, settings))

    return process
