"""Mending of small holes and islands in masks (SAM, Kirillov et al., ICCV 2023, appendix B), with 8 neighbours."""

from typing import NamedTuple

import cv2
import numpy as np

_NEIGHBOURS = 8


class Mended(NamedTuple):
    """A bool mask (H, W), and whether there was anything small in it. A mask that is one small island is left as it is
    and counts as touched all the same (published)."""

    mask_HW: np.ndarray
    touched: bool


def fill_small_holes(mask_HW: np.ndarray, min_area_px: int) -> Mended:
    """Fill every connected piece of background below `min_area_px`, also one at the image's edge."""
    piece_HW, area_P = _pieces(~mask_HW)
    small_P = area_P < min_area_px
    small_P[0] = False  # piece 0 is the mask itself
    return Mended(mask_HW | small_P[piece_HW], True) if small_P.any() else Mended(mask_HW, False)


def drop_small_islands(mask_HW: np.ndarray, min_area_px: int) -> Mended:
    """Drop the connected pieces below `min_area_px`; if all are, the largest stays (the upper left of equals)."""
    piece_HW, area_P = _pieces(mask_HW)
    kept_P = area_P >= min_area_px
    kept_P[0] = False  # piece 0 is the background
    if kept_P[1:].all():
        return Mended(mask_HW, False)
    if not kept_P.any():
        # OpenCV numbers pieces in no order that one could rely on, so equals are told apart by their first pixel.
        flat = piece_HW.ravel()
        largest = area_P[1:].max()
        kept_P[flat[np.argmax((flat > 0) & (area_P[flat] == largest))]] = True
    return Mended(kept_P[piece_HW], True)


def mend(mask_HW: np.ndarray, min_area_px: int) -> Mended:
    """Fill small holes first and drop small islands then.

    Only a window around the mask is looked at. Background that leaves the window fills a strip of it that is
    `min_area_px` wide, so it is never taken for a small hole: the result is that of the whole image.
    """
    if min_area_px <= 1 or (not mask_HW.any() and mask_HW.size >= min_area_px):
        return Mended(mask_HW, False)
    window = _window(mask_HW, margin=min_area_px) if mask_HW.any() else (slice(None), slice(None))
    filled, had_holes = fill_small_holes(mask_HW[window], min_area_px)
    dropped, had_islands = drop_small_islands(filled, min_area_px)
    if not (had_holes or had_islands):
        return Mended(mask_HW, False)
    mended = np.zeros_like(mask_HW)
    mended[window] = dropped
    return Mended(mended, True)


def _window(mask_HW: np.ndarray, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    top, left = max(0, rows[0] - margin), max(0, columns[0] - margin)
    return slice(top, rows[-1] + 1 + margin), slice(left, columns[-1] + 1 + margin)


def _pieces(mask_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the connected piece of each pixel, 0 outside of the mask, and the area of each piece."""
    _, piece_HW, statistics, _ = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8), connectivity=_NEIGHBOURS)
    return piece_HW, statistics[:, cv2.CC_STAT_AREA].astype(np.int64)
