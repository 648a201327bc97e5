"""Boxes around the strong parts of a class score (CLIP-ES, Lin et al., CVPR 2023, section 3.3; FMA-WSSS, WACV 2024)."""

import cv2
import numpy as np

_WHITE = 255


def score_boxes(score_hw: np.ndarray, threshold: float) -> np.ndarray:
    """Boxes int32 (n, 4), x0, y0, x1, y1, the last two excluded, around every contour of the pixels above `threshold`
    times the largest score; contours of holes count, too.

    `score_hw` float in 0..1, cut to 256 steps as published. x1 and y1 are at most w - 1 and h - 1, so the last row and
    column are in no box (published). A map without a contour has one empty box.
    """
    height, width = score_hw.shape
    # The published code multiplies in float32; float64 would fall on the other side of some steps.
    grey_hw = (score_hw.astype(np.float32, copy=False) * np.float32(_WHITE)).astype(np.uint8)
    strong_hw = (grey_hw > int(threshold * int(grey_hw.max(initial=0)))).astype(np.uint8)
    contours, _ = cv2.findContours(strong_hw, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(contour) for contour in contours] or [(0, 0, 0, 0)]
    corners = [(x, y, min(x + w, width - 1), min(y + h, height - 1)) for x, y, w, h in boxes]
    return np.array(corners, np.int32)


def box_masks(score_Chw: np.ndarray, threshold: float) -> np.ndarray:
    """Bool (C, h, w): the pixels inside any of the `score_boxes` of each class."""
    mask_Chw = np.zeros(score_Chw.shape, bool)
    for mask_hw, score_hw in zip(mask_Chw, score_Chw, strict=True):
        for x0, y0, x1, y1 in score_boxes(score_hw, threshold):
            mask_hw[y0:y1, x0:x1] = True
    return mask_Chw
