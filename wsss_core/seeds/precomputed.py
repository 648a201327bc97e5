"""Label maps made elsewhere, as `seeds` or as `predictions`: one PNG per image."""

from collections.abc import Mapping

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.exchange.label_pngs import label_reader
from wsss_core.settings.precomputed import PrecomputedLabelsSettings
from wsss_core.stages.context import Processor, StageContext


def processor(context: StageContext) -> Processor:
    """One file per image."""
    read = label_reader(context.typed_settings(PrecomputedLabelsSettings), context.manifest.classes)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        return LabelRow(record.image_id, read(record))

    return process
