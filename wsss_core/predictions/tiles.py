"""Images too large for one look: overlapping tiles whose scores fade into each other, so that no seam is seen.

Scores are added up band by band, so memory is that of one band of tiles, whatever the height of the image.
"""

from collections.abc import Callable

import numpy as np

from wsss_core.label_ids import best_label

ScoresOf = Callable[[np.ndarray], np.ndarray]
"""Probabilities (K, h, w) float32 of a tile uint8 RGB (h, w, 3)."""


def tiled_labels(scores_of: ScoresOf, image_HW3: np.ndarray, tile_px: int, overlap_px: int) -> np.ndarray:
    """Label map (H, W) of an image uint8 RGB (H, W, 3), from square tiles of `tile_px` that overlap by at least
    `overlap_px`.

    In an overlap the weight of each tile falls linearly towards its edge. An image of one tile is looked at as it is.
    Raises ValueError for an overlap of more than half a tile.
    """
    if not 0 <= overlap_px <= tile_px // 2:
        raise ValueError(f"expected an overlap of 0 to {tile_px // 2} pixels of tiles of {tile_px}, found {overlap_px}")
    height, width = image_HW3.shape[:2]
    tops, lefts = tile_starts(height, tile_px, overlap_px), tile_starts(width, tile_px, overlap_px)
    bands: list[np.ndarray] = []
    carried: np.ndarray | None = None  # sums of the rows that the band before shares with this one
    for place, top in enumerate(tops):
        band_H = slice(top, min(height, top + tile_px))
        sums_KhW = _band_scores(scores_of, image_HW3[band_H], lefts, tile_px)
        sums_KhW *= _weights(tops, place, tile_px, height)[:, None]
        if carried is not None:
            sums_KhW[:, : carried.shape[1]] += carried
        done = tops[place + 1] - top if place + 1 < len(tops) else height - top
        bands.append(best_label(sums_KhW[:, :done]))
        carried = sums_KhW[:, done:].copy()
    return np.concatenate(bands)


def tile_starts(length: int, tile_px: int, overlap_px: int) -> list[int]:
    """First pixels of the tiles along a side, evenly spaced, the last one ending with the side."""
    if length <= tile_px:
        return [0]
    count = -(-(length - overlap_px) // max(1, tile_px - overlap_px))
    return [round(place * (length - tile_px) / (count - 1)) for place in range(count)]


def _band_scores(scores_of: ScoresOf, band_hW3: np.ndarray, lefts: list[int], tile_px: int) -> np.ndarray:
    width = band_hW3.shape[1]
    sums_KhW: np.ndarray | None = None
    for place, left in enumerate(lefts):
        columns = slice(left, min(width, left + tile_px))
        scores_Khw = scores_of(np.ascontiguousarray(band_hW3[:, columns]))
        if sums_KhW is None:
            sums_KhW = np.zeros((len(scores_Khw), *band_hW3.shape[:2]), np.float32)
        sums_KhW[:, :, columns] += scores_Khw * _weights(lefts, place, tile_px, width)
    assert sums_KhW is not None  # there is always a first tile
    return sums_KhW


def _weights(starts: list[int], place: int, tile_px: int, length: int) -> np.ndarray:
    """Weights float32 of one tile's pixels along a side. With its neighbours' they add up to 1, or a little more where
    three tiles meet; only their ratio matters to labels."""
    weights = np.ones(min(tile_px, length), np.float32)
    if place > 0:
        shared = starts[place - 1] + tile_px - starts[place]
        weights[:shared] = (np.arange(shared, dtype=np.float32) + 0.5) / max(1, shared)
    if place + 1 < len(starts):
        shared = starts[place] + tile_px - starts[place + 1]
        if shared:
            weights[-shared:] *= 1 - (np.arange(shared, dtype=np.float32) + 0.5) / shared
    return weights
