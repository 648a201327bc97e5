"""Class activation maps summed over scales and mirroring (PSA, Ahn & Kwak, CVPR 2018)."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from wsss_core.cams.scales import scaled_images

CamFunction = Callable[[torch.Tensor], torch.Tensor]
"""Normalised images (B, 3, H, W) float32 -> class maps (B, C, h, w) >= 0; channel c belongs to label id c+1."""

Normalise = Callable[[np.ndarray], np.ndarray]
"""Image uint8 RGB (H, W, 3) -> network input float32 (3, H, W)."""


def class_activation_grids(
    network_cam: CamFunction,
    image_HW3: np.ndarray,
    scales: Sequence[float],
    normalise: Normalise,
    class_ids: Sequence[int],
    mirror: bool = True,
    device: str = "cpu",
) -> list[np.ndarray]:
    """One float32 array (K, h, w) per scale: the maps of the tagged classes at the network's grid, image plus mirror.

    The original enlarges the map of the image and of its mirror to image size, mirrors one back and adds. Bilinear
    enlargement with half-pixel centres commutes with mirroring and is linear, so the sum is taken on the grid, where
    it costs nothing and can be stored; only the scales have grids of different sizes and must be enlarged one by one
    (`CamRow.scores`). Image and mirror run as one batch. Without classes no network runs: arrays (0, 1, 1).
    """
    if not class_ids:
        return [np.zeros((0, 1, 1), np.float32) for _ in scales]
    channels = torch.as_tensor([label - 1 for label in class_ids], device=device)
    grids = []
    for scaled in scaled_images(image_HW3, scales):
        image = torch.from_numpy(np.ascontiguousarray(normalise(scaled))).to(device)
        batch = torch.stack([image, image.flip(-1)]) if mirror else image[None]
        with torch.inference_mode():
            maps_BKhw = network_cam(batch)[:, channels].float()
            total_Khw = maps_BKhw[0] + maps_BKhw[1].flip(-1) if mirror else maps_BKhw[0]
        grids.append(total_Khw.cpu().numpy())
    return grids
