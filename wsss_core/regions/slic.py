"""Regions by SLIC superpixels (Achanta et al., PAMI 2012)."""

import numpy as np
from skimage import segmentation

from wsss_core.regions.partition import partition_processor
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
    return partition_processor(lambda image_HW3: slic_labels(image_HW3, settings))
