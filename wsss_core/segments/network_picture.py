"""Picture to network input and back to the picture for the dense CRF, with the roundings of SPML's public code.

Back and forth a tenth to a third of the values come out one below those of the file, which shows in single
probabilities of the CRF; so does a multiplication by 1/255 in the place of the division.
"""

import numpy as np

from wsss_core.networks.normalisation import Normalisation

WHITE = 255.0


def network_picture(image_HW3: np.ndarray, rule: Normalisation) -> np.ndarray:
    """Network input float32 (3, H, W) of an image uint8 RGB (H, W, 3): divided by 255, less the mean, over the std."""
    channels = image_HW3[:, :, ::-1] if rule.bgr else image_HW3
    values = channels.astype(np.float32) / np.float32(1 / rule.scale)
    values -= np.asarray(rule.mean, np.float32)
    values /= np.asarray(rule.std, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def crf_picture(picture_3HW: np.ndarray, rule: Normalisation) -> np.ndarray:
    """Uint8 RGB (H, W, 3) of a network input, resized or not: times std, plus mean, times 255, cut to whole numbers.

    Every step has double constants and is rounded to float32.
    """
    values = picture_3HW.transpose(1, 2, 0).astype(np.float64)
    values = (values * rule.std).astype(np.float32).astype(np.float64)
    values = (values + np.asarray(rule.mean)).astype(np.float32).astype(np.float64)
    values = (values * (1 / rule.scale)).astype(np.float32)
    picture = values.clip(0, WHITE).astype(np.uint8)
    return np.ascontiguousarray(picture[:, :, ::-1] if rule.bgr else picture)
