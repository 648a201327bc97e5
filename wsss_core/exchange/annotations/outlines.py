"""Masks as polygons along the edges of their pixels, from which exactly the same mask is painted again."""

from collections import defaultdict

import cv2
import numpy as np

Corner = tuple[int, int]


def outlines(mask_HW: np.ndarray) -> list[np.ndarray]:
    """One polygon, int (P, 2) of x, y, per connected piece of a bool mask (H, W).

    Corners lie between pixels: (0, 0) is the outer corner of the first one. Holes are cut out: the polygon goes from
    its first corner to the hole, around it, and back the same way, as polygons in COCO files have no other means.
    """
    count, piece_HW = cv2.connectedComponents(mask_HW.astype(np.uint8), connectivity=4)
    return [_polygon(piece_HW == piece) for piece in range(1, count)]


def _polygon(piece_HW: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(piece_HW.any(1)), np.flatnonzero(piece_HW.any(0))
    top, left = int(rows[0]), int(columns[0])
    loops = _loops(piece_HW[top : rows[-1] + 1, left : columns[-1] + 1])
    loops.sort(key=lambda loop: -abs(_signed_area(loop)))
    start = loops[0][0]
    corners = [*loops[0]]
    for hole in loops[1:]:
        corners += [start, *hole, hole[0]]
    return np.array(corners, np.int64) + np.array([left, top])


def _loops(mask_HW: np.ndarray) -> list[list[Corner]]:
    """Closed ways along the edges with the mask to the right, corners only."""
    ahead: dict[Corner, list[Corner]] = defaultdict(list)
    padded = np.pad(mask_HW, 1)
    for y, x in np.argwhere(padded[1:, 1:-1] & ~padded[:-1, 1:-1]):
        ahead[(int(x), int(y))].append((int(x) + 1, int(y)))
    for y, x in np.argwhere(~padded[1:, 1:-1] & padded[:-1, 1:-1]):
        ahead[(int(x) + 1, int(y))].append((int(x), int(y)))
    for y, x in np.argwhere(padded[1:-1, :-1] & ~padded[1:-1, 1:]):
        ahead[(int(x), int(y))].append((int(x), int(y) + 1))
    for y, x in np.argwhere(~padded[1:-1, :-1] & padded[1:-1, 1:]):
        ahead[(int(x), int(y) + 1)].append((int(x), int(y)))
    loops = []
    while ahead:
        start = here = next(iter(ahead))
        loop = [start]
        while True:
            following = ahead[here].pop()
            if not ahead[here]:
                del ahead[here]
            if following == start:
                break
            loop.append(following)
            here = following
        loops.append(_without_straight(loop))
    return loops


def _without_straight(loop: list[Corner]) -> list[Corner]:
    """The loop without corners at which it goes straight on."""
    points = np.array(loop)
    before, after = points - np.roll(points, 1, 0), np.roll(points, -1, 0) - points
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return [corner for corner, turn in zip(loop, turns, strict=True) if turn]


def _signed_area(loop: list[Corner]) -> float:
    x, y = np.array(loop).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
