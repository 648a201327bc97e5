"""Between label maps, where every pixel has one region, and rows of masks."""

from collections.abc import Callable, Mapping

import numpy as np

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import compress_counts, iter_masks
from wsss_core.data.images import read_image
from wsss_core.stages.context import Processor

UNCOVERED = 0
"""Number of the pixels in no region, in the label maps made here."""


def partition_row(image_id: str, label_HW: np.ndarray, void_label: int | None = None) -> RegionRow:
    """Regions of a label map (H, W) of any integers: one mask per value, in ascending order of the values.

    `void_label`: value of pixels that belong to no region. Level is 0, predicted IoU and stability are 1.
    """
    if label_HW.ndim != 2 or label_HW.dtype.kind not in "iu" or not label_HW.size:
        raise ValueError(
            f"image {image_id!r}: expected a label map (H, W) of integers, found {label_HW.dtype} with shape "
            f"{label_HW.shape}"
        )
    size_hw = label_HW.shape[0], label_HW.shape[1]
    runs = {value: counts for value, counts in _run_lengths(label_HW).items() if value != void_label}
    rles = tuple(compress_counts(counts, size_hw, f"image {image_id!r}") for counts in runs.values())
    area = np.array([int(counts[1::2].sum()) for counts in runs.values()], np.int32)
    ones = np.ones(len(rles), np.float32)
    return RegionRow(image_id, size_hw, rles, area, np.zeros(len(rles), np.int32), ones, ones)


def partition_processor(label: Callable[[np.ndarray], np.ndarray]) -> Processor:
    """Processor of a method that gives every pixel a region; `label`: image uint8 RGB (H, W, 3) -> region numbers."""

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> RegionRow:
        return partition_row(record.image_id, label(read_image(record.file)))

    return process


def _run_lengths(label_HW: np.ndarray) -> dict[int, np.ndarray]:
    """Column-major run lengths (zeros first) of the mask of every value, found in one pass over the map."""
    flat = label_HW.ravel(order="F")
    start = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    end = np.append(start[1:], flat.size)
    order = np.argsort(flat[start], kind="stable")
    values, first = np.unique(flat[start[order]], return_index=True)
    groups = np.split(order, first[1:])
    return {
        int(value): _alternate(start[runs], end[runs], flat.size) for value, runs in zip(values, groups, strict=True)
    }


def _alternate(start: np.ndarray, end: np.ndarray, size: int) -> np.ndarray:
    """Lengths of the gaps and the runs in turn; a last gap of 0 is left out, as COCO does."""
    edges = np.concatenate([[0], np.stack([start, end], axis=1).ravel(), [size]])
    lengths = np.diff(edges)
    return lengths[:-1] if lengths[-1] == 0 else lengths


def label_map(row: RegionRow) -> np.ndarray:
    """Int32 map (H, W) of regions that do not overlap: region i is i + 1, pixels in none are `UNCOVERED`.

    Raises `ValueError` when two regions share a pixel; `regions.paint` decides what lies on top then.
    """
    label_HW = np.full(row.size_hw, UNCOVERED, np.int32)
    for index, mask_HW in enumerate(iter_masks(row.rles, row.size_hw)):
        if (label_HW[mask_HW] != UNCOVERED).any():
            other = int(label_HW[mask_HW].max()) - 1
            raise ValueError(
                f"image {row.image_id!r}: expected regions that do not overlap, but region {index} shares pixels with "
                f"region {other}; use regions.paint.paint_large_to_small for overlapping masks"
            )
        label_HW[mask_HW] = index + 1
    return label_HW
