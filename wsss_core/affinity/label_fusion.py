"""From the two CRF score stacks of an image to one label per grid cell (PSA, Ahn & Kwak, CVPR 2018).

"Low" is the stack made with the low background power alpha: background is strong there, so what is still foreground is
sure foreground. "High" is the stack of the high alpha, where what is still background is sure background.
"""

import numpy as np

from wsss_core.label_ids import IGNORE

STRIDE = 8  # image pixels per grid cell and axis, of both affinity networks
OUTSIDE_SCORE = 1e-5  # a cell whose scores are all below lies in the zero padding of the crop


def block_mean(values_KHW: np.ndarray, block: int = STRIDE) -> np.ndarray:
    """Means over blocks of `block` x `block` pixels, (K, ceil(H/block), ceil(W/block)) float32.

    A size that is no multiple of the block is filled with zeros at the right and bottom.
    """
    count, height, width = values_KHW.shape
    rows, columns = -(-height // block), -(-width // block)
    values = values_KHW.astype(np.float32, copy=False)
    if (rows * block, columns * block) != (height, width):
        values = np.pad(values, ((0, 0), (0, rows * block - height), (0, columns * block - width)))
    return values.reshape(count, rows, block, columns, block).mean(axis=(2, 4), dtype=np.float32)


def fuse_labels(low_Khw: np.ndarray, high_Khw: np.ndarray) -> np.ndarray:
    """Label per cell (h, w) uint8: 0 sure background, 1..K-1 sure foreground (channel number), 255 undecided.

    Both stacks are float (K, h, w) with background first. The numbers are channels of this image, no label ids: use
    them for equality only. Order of the rules: foreground where `low` says so; else 255; then 0 where `high` says
    background (also over a foreground of `low`, as published); then 255 where all scores are below 1e-5.
    """
    if low_Khw.shape != high_Khw.shape or low_Khw.ndim != 3 or not 1 <= low_Khw.shape[0] <= IGNORE:
        raise ValueError(
            f"expected two score stacks of one shape (K, h, w) with 1 to {IGNORE} channels, "
            f"found {low_Khw.shape} and {high_Khw.shape}"
        )
    label_hw = low_Khw.argmax(axis=0).astype(np.uint8)
    label_hw[label_hw == 0] = IGNORE
    label_hw[high_Khw.argmax(axis=0) == 0] = 0
    label_hw[np.maximum(low_Khw, high_Khw).max(axis=0) < OUTSIDE_SCORE] = IGNORE
    return label_hw
