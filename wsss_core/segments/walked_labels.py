"""Class scores of an image walked over its embedding, refined and made a label map (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Sequence

import numpy as np
import torch

from wsss_core.crf import crf_probabilities
from wsss_core.data.uniform_crop import resize_bilinear
from wsss_core.networks.normalisation import Normalisation
from wsss_core.segments.embedding_walk import transition, walked
from wsss_core.segments.network_picture import crf_picture
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.spml import WalkSettings


def walked_scores(
    start_Mhw: torch.Tensor,
    embedding_views: Sequence[torch.Tensor],
    classes: Sequence[int],
    class_count: int,
    size_hw: tuple[int, int],
    settings: WalkSettings,
) -> np.ndarray:
    """Scores (K, H, W) float32 at image size; 0 for all classes but the M `classes` whose scores (M, h, w) walk."""
    matrix_nn = transition(embedding_views, settings.power, settings.sharpness)
    score_Mhw = walked(start_Mhw, matrix_nn, 2**settings.log2_steps).cpu().numpy()
    score_KHW = np.zeros((class_count, *size_hw), np.float32)
    if len(classes):
        score_KHW[list(classes)] = resize_bilinear(score_Mhw.transpose(1, 2, 0), size_hw).transpose(2, 0, 1)
    return score_KHW


def refined_scores(
    score_KHW: np.ndarray, picture_3HW: np.ndarray, rule: Normalisation, crf: CrfSettings | None
) -> np.ndarray:
    """Scores after the dense CRF on the picture that the network saw, float32 (3, H, W); without one as they are."""
    if crf is None:
        return score_KHW
    return crf_probabilities(crf_picture(picture_3HW, rule), score_KHW, crf)
