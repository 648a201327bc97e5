"""Seeds of which some were corrected by hand: those images take the corrected map, all others keep their seed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import FILE_NAME, ImageRecord, Listing
from wsss_core.exchange.corrections import correction_reader
from wsss_core.settings.seeds import CorrectedSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

_SURE = 255


def processor(context: StageContext) -> Processor:
    """The correction of an image, or its row of the input `seeds`."""
    settings = context.typed_settings(CorrectedSettings)
    read = correction_reader(
        Path(settings.corrections).expanduser(),
        context.manifest.classes,
        settings.without_shapes == "background",
        Listing.of_manifest(context.inputs["data"] / FILE_NAME, part_size=1).ids,
    )

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "seeds", LabelRow)
        label_HW = read(record)
        if label_HW is None:
            return row
        confidence_HW = None if row.confidence_HW is None else np.full(label_HW.shape, _SURE, np.uint8)
        return LabelRow(row.image_id, label_HW, confidence_HW)

    return process
