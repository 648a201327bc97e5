"""Embeddings and logits of an image and its mirror on the grid of the random walk (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.embedding_walk import on_grid
from wsss_core.segments.tiles import at_scale, padded, resized_input


class GridView(NamedTuple):
    """`embedding_Dhw` of any length, `logits_Khw` or None where nobody asked for them."""

    embedding_Dhw: torch.Tensor
    logits_Khw: torch.Tensor | None


def grid_views(
    network: PixelEmbedding,
    image_3HW: np.ndarray,
    crop: int,
    grid_hw: tuple[int, int],
    scales: Sequence[float] = (1.0,),
    with_logits: bool = True,
) -> list[GridView]:
    """Every scale of a normalised image float32 (3, H, W), plain and mirrored, brought to one grid (h, w).

    Each view is filled up right and below to at least `crop` pixels a side (a larger one runs whole), cut to the image,
    and only then turned back.
    """
    size_hw = (image_3HW.shape[1], image_3HW.shape[2])
    views = []
    for scale in scales:
        scaled = resized_input(image_3HW, at_scale(size_hw, scale)) if scale != 1 else image_3HW
        for flipped in (False, True):
            view = np.ascontiguousarray(scaled[:, :, ::-1]) if flipped else scaled
            views.append(_grid_view(network, view, crop, grid_hw, flipped, with_logits))
    return views


def _grid_view(
    network: PixelEmbedding,
    image_3HW: np.ndarray,
    crop: int,
    grid_hw: tuple[int, int],
    flipped: bool,
    with_logits: bool,
) -> GridView:
    device = next(network.parameters()).device
    height, width = image_3HW.shape[1:]
    canvas_hw = (max(crop, height), max(crop, width))
    embedding_1DHW = network.embed_pixels(padded(torch.from_numpy(image_3HW).to(device), canvas_hw)[None])
    maps = [embedding_1DHW[0], network.classify(embedding_1DHW)[0]] if with_logits else [embedding_1DHW[0]]
    cut = [values[:, :height, :width] for values in maps]
    grids = [on_grid(values.flip(-1) if flipped else values, grid_hw) for values in cut]
    return GridView(grids[0], grids[1] if with_logits else None)
