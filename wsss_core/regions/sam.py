"""Regions from Segment Anything's automatic masks (Kirillov et al., ICCV 2023), by any of its networks."""

from collections.abc import Mapping
from pathlib import Path

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.checkpoints.sam_layout import load_sam
from wsss_core.data.images import read_image
from wsss_core.regions.mask_generator import MaskGenerator
from wsss_core.settings.regions import SamSettings
from wsss_core.stages.context import Processor, StageContext


def processor(context: StageContext) -> Processor:
    """Loads the network once; then one set of overlapping masks per image, in the order of `MaskGenerator`.

    Levels are 0 subpart, 1 part, 2 whole.
    """
    settings = context.typed_settings(SamSettings)
    network = load_sam(settings.network, Path(settings.weights).expanduser()).to(context.device)
    generate = MaskGenerator(network, settings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        image_HW3 = read_image(record.file)
        masks = generate(image_HW3)
        return RegionRow(
            image_id=record.image_id,
            size_hw=(image_HW3.shape[0], image_HW3.shape[1]),
            rles=masks.rles,
            area=masks.area_R,
            level=masks.level_R,
            predicted_iou=masks.predicted_iou_R,
            stability=masks.stability_R,
        )

    return process
