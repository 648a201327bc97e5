"""Regions by graph-based segmentation (Felzenszwalb & Huttenlocher, IJCV 2004)."""

from collections.abc import Mapping

import numpy as np
from skimage import segmentation

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.data.images import read_image
from wsss_core.regions.partition import partition_row
from wsss_core.settings.regions import FelzenszwalbSettings
from wsss_core.stages.context import Processor, StageContext


def felzenszwalb_labels(image_HW3: np.ndarray, settings: FelzenszwalbSettings) -> np.ndarray:
    """Region number of each pixel of a uint8 RGB image: int64 (H, W) from 0 on."""
    label_HW: np.ndarray = segmentation.felzenszwalb(
        image_HW3, scale=settings.scale, sigma=settings.sigma_px, min_size=settings.min_size_px, channel_axis=-1
    )
    return label_HW


def processor(context: StageContext) -> Processor:
    """One partition per image."""
    settings = context.typed_settings(FelzenszwalbSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        return partition_row(record.image_id, felzenszwalb_labels(read_image(record.file), settings))

    return process
