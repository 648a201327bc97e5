"""Inputs of the benchmarks: smooth pictures, scores and label maps of the usual VOC size, from a seed."""

import cv2
import numpy as np

SIZE_HW = (375, 500)
CLASS_COUNT = 21
IGNORE = 255


def picture(seed: int, size_hw: tuple[int, int] = SIZE_HW) -> np.ndarray:
    """A uint8 RGB image (H, W, 3) with smooth colour blobs and some noise."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (8, 10, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + generator.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def class_scores(seed: int, count: int, size_hw: tuple[int, int] = SIZE_HW) -> np.ndarray:
    """Smooth scores in [0, 1], float32 (count, H, W), each with maximum 1."""
    generator = np.random.default_rng(seed)
    coarse = generator.uniform(-0.6, 1, (count, 9, 12)).astype(np.float32)
    maps = np.stack([cv2.resize(grid, size_hw[::-1], interpolation=cv2.INTER_CUBIC) for grid in coarse])
    maps = np.maximum(maps, 0)
    return maps / maps.max(axis=(1, 2), keepdims=True)


def label_map(seed: int, size_hw: tuple[int, int] = SIZE_HW) -> np.ndarray:
    """A label map uint8 (H, W) with three objects and a seam of 255 around each."""
    generator = np.random.default_rng(seed)
    label = np.zeros(size_hw, np.uint8)
    for class_id in generator.choice(np.arange(1, CLASS_COUNT), 3, replace=False):
        centre = (int(generator.integers(80, size_hw[1] - 80)), int(generator.integers(80, size_hw[0] - 80)))
        axes = (int(generator.integers(30, 120)), int(generator.integers(30, 120)))
        cv2.ellipse(label, centre, axes, 0, 0, 360, int(class_id), -1)
        cv2.ellipse(label, centre, axes, 0, 0, 360, IGNORE, 3)
    return label
