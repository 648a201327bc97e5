"""Two CRFs per image, with a strong and a weak background: the pixels they agree on train the affinity network.

PSA (Ahn & Kwak, CVPR 2018), section 3.2: a low background power alpha makes the background strong, so what is still
foreground is sure foreground; a high one makes it weak, so what is still background is sure background.
"""

import numpy as np

from wsss_core.cams.foreground import power_background
from wsss_core.crf import CrfParameters, crf_probabilities


def crf_with_power_background(
    image_HW3: np.ndarray, foreground_CHW: np.ndarray, alpha: float, parameters: CrfParameters
) -> np.ndarray:
    """CRF probabilities (C+1, H, W) float32, background first, of class scores in [0, 1] (C, H, W).

    The background score is (1 - max)^alpha; scores and background enter the CRF as they are, not normalised. Without
    any class (C = 0) the background has probability 1.
    """
    background_HW = power_background(foreground_CHW, alpha)
    return crf_probabilities(image_HW3, np.concatenate([background_HW[None], foreground_CHW]), parameters)


def crf_pair(
    image_HW3: np.ndarray, foreground_CHW: np.ndarray, low_alpha: float, high_alpha: float, parameters: CrfParameters
) -> tuple[np.ndarray, np.ndarray]:
    """`crf_with_power_background` for the low and for the high alpha (PSA: 4 and 32)."""
    if not 0 < low_alpha < high_alpha:
        raise ValueError(
            f"expected 0 < low_alpha < high_alpha, found {low_alpha} and {high_alpha}: swap or change them"
        )
    low_KHW = crf_with_power_background(image_HW3, foreground_CHW, low_alpha, parameters)
    high_KHW = crf_with_power_background(image_HW3, foreground_CHW, high_alpha, parameters)
    return low_KHW, high_KHW
