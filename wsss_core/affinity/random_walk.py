"""Refines class activation maps by a random walk over learned affinities (PSA, Ahn & Kwak, CVPR 2018, section 3.3)."""

import numpy as np
import torch

from wsss_core.affinity.label_fusion import STRIDE, block_mean
from wsss_core.affinity.pairs import pair_affinity
from wsss_core.affinity.transition import transition_matrix, walk
from wsss_core.cams.foreground import power_background


def padded_hw(size_hw: tuple[int, int], multiple: int = STRIDE) -> tuple[int, int]:
    """The size filled up at the bottom and right to multiples of the network stride."""
    return -(-size_hw[0] // multiple) * multiple, -(-size_hw[1] // multiple) * multiple


def padded_input(image_3HW: np.ndarray, multiple: int = STRIDE) -> np.ndarray:
    """A normalised image (3, H, W) float32 with zeros (mean colour) at the bottom and right up to `padded_hw`."""
    height, width = padded_hw((image_3HW.shape[1], image_3HW.shape[2]), multiple)
    return np.pad(image_3HW, ((0, 0), (0, height - image_3HW.shape[1]), (0, width - image_3HW.shape[2])))


def start_scores(foreground_CHW: np.ndarray, alpha: float) -> np.ndarray:
    """What the walk starts from: (C+1, h, w) float32 at 1/8 size, background first.

    `foreground_CHW` are class scores in [0, 1] at image size. The background (1 - max)^alpha is taken at image size;
    then all channels, the background too, are filled with zeros to multiples of 8 and averaged over 8x8 pixels.
    """
    background_HW = power_background(foreground_CHW, alpha)
    return block_mean(np.concatenate([background_HW[None], foreground_CHW]))


def refined_grid(
    foreground_CHW: np.ndarray, features_Dhw: torch.Tensor, radius: int, alpha: float, beta: float, steps: int
) -> np.ndarray:
    """Scores (C+1, h, w) float32 after the walk, background first, on the padded 1/8 grid.

    `foreground_CHW`: class scores in [0, 1], float (C, H, W), of the tagged classes only (the others would walk from
    zero to zero). `features_Dhw`: features of the affinity network for the padded image. Any size works; where
    the grid is too small for a pair (below 33x65 pixels at radius 5) the scores stay as they start.
    """
    grid_hw = (int(features_Dhw.shape[1]), int(features_Dhw.shape[2]))
    scores_Khw = start_scores(foreground_CHW, alpha)
    if scores_Khw.shape[1:] != grid_hw:
        raise ValueError(
            f"expected features on the grid {scores_Khw.shape[1:]} of the padded image, found {grid_hw}: "
            "pad the network input with `padded_input`"
        )
    with torch.inference_mode():
        affinity_Pn = pair_affinity(features_Dhw[None].float(), radius)[0].cpu().numpy()
    transition = transition_matrix(affinity_Pn, grid_hw, radius, beta)
    return walk(scores_Khw.reshape(len(scores_Khw), -1), transition, steps).reshape(scores_Khw.shape)
