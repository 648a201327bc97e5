"""Seeds from scribbles: labels on the strokes, unlabelled elsewhere (ScribbleSup, CVPR 2016; SPML, ICLR 2021)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.drawing import drawn_scribbles, widened
from wsss_core.data.labels import read_label_png
from wsss_core.data.scribble_files import read_scribbles
from wsss_core.settings.drawn_seeds import FromScribblesSettings
from wsss_core.stages.context import Processor, StageContext


def scribble_seed(record: ImageRecord, classes: tuple[str, ...], settings: FromScribblesSettings) -> np.ndarray:
    """Label map (H, W) of an image, 254 off the strokes; `ValueError` where the image has no scribbles."""
    if settings.source == "truth":
        if record.truth is None:
            raise ValueError(f"image {record.image_id!r} has no ground truth; `source: truth` cannot draw on it")
        strokes_HW = drawn_scribbles(read_label_png(record.truth), settings.length, settings.min_piece_px)
    else:
        if record.scribbles is None:
            raise ValueError(
                f"image {record.image_id!r} has no scribbles; set the data's `scribbles`, or draw them: `source: truth`"
            )
        size_hw = record.height, record.width
        strokes_HW = read_scribbles(Path(record.scribbles), size_hw, classes, settings.off_255 == "unlabelled")
    return widened(strokes_HW, settings.width_px)


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its scribbles."""
    settings = context.typed_settings(FromScribblesSettings)
    classes = context.manifest.classes

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        return LabelRow(record.image_id, scribble_seed(record, classes, settings))

    return process
