"""Scribbles and points drawn from masks, for experiments with other supervision than the data has."""

from collections.abc import Iterator

import cv2
import numpy as np
from skimage import morphology

from wsss_core.label_ids import IGNORE, UNLABELLED


def drawn_scribbles(label_HW: np.ndarray, length: float = 1.0, min_piece_px: int = 0) -> np.ndarray:
    """One stroke, a pixel wide, along the middle of every connected piece of a label map; 254 elsewhere. (H, W).

    label_HW: label ids; the background is drawn too, pixels of 255 belong to no piece. length: share in 0..1 of each
    stroke's pixels that is kept, those around the piece's deepest point; at least that point. min_piece_px: smaller
    pieces get none, but the largest piece of each label always gets one.
    """
    drawn = np.full(label_HW.shape, UNLABELLED, label_HW.dtype)
    for label, piece_HW in _pieces(label_HW, min_piece_px):
        rows, columns = np.nonzero(morphology.skeletonize(piece_HW))
        centre = deepest_pixel(piece_HW)
        away = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
        kept = np.argsort(away, kind="stable")[: max(1, round(length * len(rows)))]
        drawn[rows[kept], columns[kept]] = label
        drawn[centre] = label
    return drawn


def drawn_points(label_HW: np.ndarray, min_piece_px: int = 0) -> np.ndarray:
    """The deepest pixel of every connected piece of a label map, as one pixel of its label; 254 elsewhere.

    min_piece_px: smaller pieces get none, but the largest piece of each label always gets one.
    """
    drawn = np.full(label_HW.shape, UNLABELLED, label_HW.dtype)
    for label, piece_HW in _pieces(label_HW, min_piece_px):
        drawn[deepest_pixel(piece_HW)] = label
    return drawn


def widened(drawn_HW: np.ndarray, width_px: int) -> np.ndarray:
    """Strokes or points made `width_px` wide: unlabelled pixels near a labelled one take its label, the lowest first.

    drawn_HW: labels, 254 elsewhere; 255 stays.
    """
    result = drawn_HW.copy()
    kernel = np.ones((width_px, width_px), np.uint8)
    for label in np.unique(drawn_HW):
        if label in (UNLABELLED, IGNORE):
            continue
        wide_HW = cv2.dilate((drawn_HW == label).astype(np.uint8), kernel) > 0
        result[wide_HW & (result == UNLABELLED)] = label
    return result


def deepest_pixel(piece_HW: np.ndarray) -> tuple[int, int]:
    """Row and column of the pixel farthest from the border of a mask bool (H, W), the first of equals."""
    depth = cv2.distanceTransform(np.pad(piece_HW, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column)


def _pieces(label_HW: np.ndarray, min_piece_px: int) -> Iterator[tuple[int, np.ndarray]]:
    """Label and mask of every connected piece of at least so many pixels, and of the largest of each label."""
    for label in np.unique(label_HW):
        if label == IGNORE:
            continue
        count, piece_HW = cv2.connectedComponents((label_HW == label).astype(np.uint8))
        area_px = np.bincount(piece_HW.ravel(), minlength=count)[1:]
        for number in np.flatnonzero(area_px >= min(min_piece_px, area_px.max())) + 1:
            yield int(label), piece_HW == number
