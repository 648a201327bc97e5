"""Colour jitter as the settings of a training ask for it."""

import numpy as np

from wsss_core.data.augment import JitterStrength, colour_jitter
from wsss_core.settings.training import JitterSettings


def jittered(image_HW3: np.ndarray, settings: JitterSettings, generator: np.random.Generator) -> np.ndarray:
    """Image uint8 RGB (H, W, 3) with randomly changed colours; the image itself where every strength is 0."""
    strength = JitterStrength(settings.brightness, settings.contrast, settings.saturation, settings.hue)
    if not any((strength.brightness, strength.contrast, strength.saturation, strength.hue)):
        return image_HW3
    return colour_jitter(image_HW3, generator, strength)
