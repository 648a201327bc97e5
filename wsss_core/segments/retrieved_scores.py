"""Class scores of every pixel by the nearest segments of a bank (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
import torch

from wsss_core.data.uniform_crop import resize_bilinear
from wsss_core.networks.pixel_embedding import PixelEmbedding
from wsss_core.segments.grouping import KMeans
from wsss_core.segments.retrieval import label_shares, nearest_rows
from wsss_core.segments.segmented_image import SegmentedImage, segment_image
from wsss_core.segments.tiles import Canvas, at_long_side, at_scale, resized_input

Segmenter = Callable[[np.ndarray, bool], SegmentedImage]


class LabelledRows(Protocol):
    """Bank rows: `labels` int64 (M,), and their vectors (n, D) in order, in pieces."""

    labels: torch.Tensor

    def blocks(self) -> Iterable[torch.Tensor]:
        """The vectors."""
        ...


def segmenter(network: PixelEmbedding, canvas: Canvas, kmeans: KMeans) -> Segmenter:
    """What cuts a network picture into segments; its second argument says whether the padding is cut off first."""
    return lambda picture_3HW, cut_first: segment_image(network, picture_3HW, canvas, kmeans, cut_first)


def one_view_shares(
    segment: Segmenter, bank: LabelledRows, picture_3HW: np.ndarray, long_side: int, classes: int, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (K, h, w) float32 of the classes among the neighbours, and the picture resized to `long_side`."""
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    picture = resized_input(picture_3HW, at_long_side(size_hw, long_side))
    (shares_hwK,) = _shares([segment(picture, False)], bank, classes, neighbours)
    return np.ascontiguousarray(shares_hwK.transpose(2, 0, 1)), picture


def multiscale_shares(
    segment: Segmenter,
    bank: LabelledRows,
    picture_3HW: np.ndarray,
    scales: Sequence[float],
    mirror: bool,
    classes: int,
    neighbours: int,
) -> np.ndarray:
    """Mean shares (K, H, W) float32 over scales and mirrors. The segments of all views search the bank together."""
    size_hw = (picture_3HW.shape[1], picture_3HW.shape[2])
    flips = (True, False) if mirror else (False,)
    views = []
    for scale in scales:
        scaled = resized_input(picture_3HW, at_scale(size_hw, scale))
        views += [segment(np.ascontiguousarray(scaled[:, :, ::-1]) if flip else scaled, True) for flip in flips]
    total_HWK = np.zeros((*size_hw, classes), np.float32)
    for number, shares_hwK in enumerate(_shares(views, bank, classes, neighbours)):
        enlarged = resize_bilinear(shares_hwK, size_hw)
        total_HWK += enlarged[:, ::-1] if flips[number % len(flips)] else enlarged
    return np.ascontiguousarray((total_HWK / len(views)).transpose(2, 0, 1))


def _shares(views: list[SegmentedImage], bank: LabelledRows, classes: int, neighbours: int) -> Iterable[np.ndarray]:
    """Shares (h, w, K) of each view, one pass through the bank for all."""
    queries = torch.cat([view.prototype_ND for view in views])
    _, rows = nearest_rows(queries, bank.blocks(), neighbours)
    shares = label_shares(bank.labels[rows.cpu()], classes).split([len(view.prototype_ND) for view in views])
    for view, shares_NK in zip(views, shares, strict=True):
        yield shares_NK.numpy()[view.segment_HW.cpu().numpy()]
