"""Regions by SLIC superpixels (Achanta et al., PAMI 2012)."""

from collections.abc import Mapping

import numpy as np
from skimage import segmentation

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.data.images import read_image
from wsss_core.regions.partition import partition_row
from wsss_core.settings.regions import SlicSettings
from wsss_core.stages.context import Processor, StageContext


def slic_labels(image_HW3: np.ndarray, settings: SlicSettings) -> np.ndarray:
    """Superpixel number of each pixel of a uint8 RGB image: int64 (H, W) from 0 on."""
    label_HW: np.ndarray = segmentation.slic(
        image_HW3,
        n_segments=settings.n_regions,
        compactness=settings.compactness,
        max_num_iter=settings.iterations,
        sigma=settings.sigma_px,
        start_label=0,
        channel_axis=-1,
    )
    return label_HW


def processor(context: StageContext) -> Processor:
    """One partition per image."""
    settings = context.typed_settings(SlicSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        return partition_row(record.image_id, slic_labels(read_image(record.file), settings))

    return process
