"""Regions by graph-based segmentation (Felzenszwalb & Huttenlocher, IJCV 2004)."""

import numpy as np
from skimage import segmentation

from wsss_core.regions.partition import partition_processor
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
    return partition_processor(lambda image_HW3: felzenszwalb_labels(image_HW3, settings))
