"""Class scores of the softmax classifier for every pixel, in the published way (SPML, Ke et al., ICLR 2021).

The classifier reads the embedding enlarged to the input's size, though it learnt on a grid of stride 4.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.tiles import Canvas, at_scale, resized_input, tiled_sum


def logit_sum(network: PixelEmbedding, image_3HW: np.ndarray, canvas: Canvas, mean: bool = False) -> torch.Tensor:
    """Logits (K, H, W) of a normalised image float32 (3, H, W): the sum over its tiles, or their mean."""
    height, width = image_3HW.shape[1:]
    device = next(network.parameters()).device
    total_KHW, count_HW = tiled_sum(
        lambda tile: network.classify(network.embed_pixels(tile)), torch.from_numpy(image_3HW).to(device), canvas
    )
    return (total_KHW / count_HW if mean else total_KHW)[:, :height, :width]


def multiscale_probabilities(
    network: PixelEmbedding, image_3HW: np.ndarray, canvas: Canvas, scales: Sequence[float], mirror: bool = True
) -> np.ndarray:
    """Probabilities (K, H, W) float32, their mean over scales and mirror images, each enlarged before the softmax."""
    size_hw = (image_3HW.shape[1], image_3HW.shape[2])
    total: torch.Tensor | None = None
    for scale in scales:
        scaled = resized_input(image_3HW, at_scale(size_hw, scale))
        for flipped in (True, False) if mirror else (False,):
            view = np.ascontiguousarray(scaled[:, :, ::-1]) if flipped else scaled
            logits = logit_sum(network, view, canvas, mean=True)
            share_KHW = functional.interpolate(logits[None], size=size_hw, mode="bilinear")[0].softmax(0)
            share_KHW = share_KHW.flip(-1) if flipped else share_KHW
            total = share_KHW if total is None else total.add_(share_KHW)
    if total is None:
        raise ValueError("expected at least one scale, found none")
    return (total / (len(scales) * (2 if mirror else 1))).cpu().numpy()
