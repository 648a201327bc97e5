"""Class-aware attention (CLIP-ES, FMA-WSSS): products with the masked values in place of a power of the matrix.

Baseline (the public code of FMA-WSSS, Yang & Gong, WACV 2024): the affinity squared, and a masked copy for every class.
"""

import cv2
import numpy as np
import torch

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.class_aware_attention import class_aware_attention
from wsss_core.affinity.score_boxes import box_masks
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.settings.refined_cams import ClassAwareAttentionSettings

GRID_HW = (24, 32)  # 375x500 pixels in patches of 16
CLASSES = 2
SMOOTHNESS = 3  # cells
SETTINGS = ClassAwareAttentionSettings()


def plain_refinement(cam_Khw: np.ndarray, attention_NN: np.ndarray) -> np.ndarray:
    """Refined CAMs (K, h, w) the published way."""
    affinity_NN: np.ndarray = torch.from_numpy(attention_NN.copy()).float().numpy()
    for _ in range(SETTINGS.sinkhorn_rounds):
        affinity_NN = affinity_NN / affinity_NN.sum(axis=0, keepdims=True)
        affinity_NN = affinity_NN / affinity_NN.sum(axis=1, keepdims=True)
    power_NN = np.linalg.matrix_power((affinity_NN + affinity_NN.T) / 2, SETTINGS.power)
    score_Khw = unit_scores(cam_Khw)
    mask_KN = box_masks(score_Khw, SETTINGS.box_threshold).reshape(len(cam_Khw), -1).astype(np.float32)
    masked_KNN = power_NN[None] * mask_KN[:, None, :]
    refined_KN1 = masked_KNN @ score_Khw.reshape(len(cam_Khw), -1, 1)
    return refined_KN1.reshape(cam_Khw.shape)


def run() -> list[Comparison]:
    """Time per image; both ways must agree up to rounding."""
    generator = np.random.default_rng(0)
    cells = GRID_HW[0] * GRID_HW[1]
    attention_NN = generator.uniform(0, 1, (cells, cells)) ** 8
    attention_NN = (attention_NN / attention_NN.sum(axis=1, keepdims=True)).astype(np.float16)
    noise_Khw = generator.normal(0, 1, (CLASSES, *GRID_HW)).astype(np.float32)
    cam_Khw = np.stack([cv2.GaussianBlur(noise_hw, (0, 0), SMOOTHNESS) for noise_hw in noise_Khw])
    plain_ms, expected = best_time_ms(lambda: plain_refinement(cam_Khw, attention_NN))
    ours_ms, found = best_time_ms(lambda: class_aware_attention(cam_Khw, attention_NN, SETTINGS))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    size = f"{GRID_HW[0]}x{GRID_HW[1]} grid, {CLASSES} classes"
    return [Comparison("class-aware attention", size, "ms", plain_ms, ours_ms, target=3)]
