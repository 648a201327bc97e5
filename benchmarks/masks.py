"""What is done with the masks of Segment Anything, on 375x500 pixels: containment, mending, and seeds from masks.

Baselines (as the public code of FMA-WSSS, WACV 2024, and of Segment Anything compute): dense products of all pairs of
masks; components and boxes on whole images; uncompressed run lengths written out one by one, and one float product of
every class with every mask, painted pixel by pixel. Both ways must give the same masks and labels.
"""

import cv2
import numpy as np
import torch

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks, mask_areas, uncompress_counts
from wsss_core.regions.containment import LEVELS, free_standing
from wsss_core.regions.small_parts import mend
from wsss_core.seeds.sams import sams_seed
from wsss_core.settings.seeds import SamsSettings

SIZE = (375, 500)
MASKS, SEED_MASKS, MIN_AREA, THRESHOLD, CHUNK = 100, 60, 100, 0.3, 50


def blobs(count: int = MASKS) -> tuple[np.ndarray, np.ndarray]:
    """Ellipses with a ragged edge, bool (R, H, W), and their levels (R,)."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    masks = np.zeros((count, *SIZE), bool)
    for mask_HW in masks:
        radius = generator.uniform(0.03, 0.25, 2) * SIZE
        centre = generator.uniform(0, 1, 2) * SIZE
        noise = cv2.GaussianBlur(generator.normal(0, 1, SIZE), (0, 0), 3)
        mask_HW[:] = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 + 2 * noise < 1
    return masks, generator.integers(0, 3, count)


def plain_containment(mask_RHW: torch.Tensor, level_R: torch.Tensor) -> list[int]:
    """Dense products of the pairs, a chunk of masks at a time."""
    kept: list[int] = []
    for level in LEVELS:
        here = torch.nonzero(level_R == level)[:, 0]
        if kept:
            shares = [
                (mask_RHW[part][:, None] & mask_RHW[kept][None]).sum(dim=(-2, -1))
                / mask_RHW[part].sum(dim=(-2, -1))[:, None]
                for part in here.split(CHUNK)
            ]
            here = here[torch.cat(shares).max(dim=1).values < THRESHOLD]
        kept.extend(here.tolist())
    return kept


def plain_mending(mask_HW: np.ndarray) -> np.ndarray:
    """Holes and islands by components of the whole image."""
    for correct_holes in (True, False):
        working = (mask_HW ^ correct_holes).astype(np.uint8)
        count, piece_HW, statistics, _ = cv2.connectedComponentsWithStats(working, connectivity=8)
        sizes = statistics[1:, cv2.CC_STAT_AREA]
        small = [index + 1 for index, size in enumerate(sizes) if size < MIN_AREA]
        if not small:
            continue
        fill = [0, *small]
        if not correct_holes:
            fill = [index for index in range(count) if index not in fill] or [int(np.argmax(sizes)) + 1]
        mask_HW = np.isin(piece_HW, fill)
    return mask_HW


def plain_decoded(lengths: list[int]) -> np.ndarray:
    """Float32 mask (H, W) of uncompressed run lengths, zeros first, column by column."""
    flat, start, value = np.zeros(SIZE[0] * SIZE[1], np.float32), 0, 0.0
    for length in lengths:
        flat[start : start + length] = value
        start, value = start + length, 1 - value
    return flat.reshape(SIZE[::-1]).T


def plain_sams(cam_CHW: np.ndarray, mask_SHW: np.ndarray, level_S: np.ndarray, alpha: float) -> np.ndarray:
    """One product of every class with every mask, then painting with dense masks."""
    product_SCHW = np.maximum(cam_CHW, 0)[None] * mask_SHW[:, None]
    mean_SC = product_SCHW.sum(axis=(2, 3)) / mask_SHW.sum(axis=(1, 2))[:, None]
    low, high = mean_SC.min(axis=0), mean_SC.max(axis=0)
    score_SC = (mean_SC - low) / (high - low + 1e-7)
    score_SK = np.concatenate([(1 - score_SC.max(axis=1, keepdims=True)) ** alpha, score_SC], axis=1)
    label_HW = np.zeros(SIZE, np.uint8)
    for index in np.lexsort((score_SK.max(axis=1), level_S)):
        label_HW[mask_SHW[index] > 0] = score_SK[index].argmax()
    return label_HW


def run() -> list[Comparison]:
    """Times of the three steps. Seeds start from run-length codes in both ways, as they are stored."""
    size = f"{SIZE[0]}x{SIZE[1]}, {MASKS} masks"
    masks, levels = blobs()
    rles = encode_masks(masks)
    tensors = torch.from_numpy(masks), torch.from_numpy(levels)
    plain_ms, expected = best_time_ms(lambda: plain_containment(*tensors), repeats=1)
    ours_ms, kept = best_time_ms(lambda: free_standing(rles, levels, SIZE, THRESHOLD))
    assert kept.tolist() == expected, "both ways keep other masks"
    lines = [Comparison("containment filter of SAM masks", size, "ms", plain_ms, ours_ms, target=20)]
    plain_ms, whole = best_time_ms(lambda: [plain_mending(mask_HW) for mask_HW in masks], repeats=2)
    ours_ms, mended = best_time_ms(lambda: [mend(mask_HW, MIN_AREA).mask_HW for mask_HW in masks])
    assert np.array_equal(whole, mended), "both ways mend otherwise"
    lines.append(Comparison("holes and islands of SAM masks", size, "ms", plain_ms, ours_ms, target=2))
    level = levels[:SEED_MASKS].astype(np.int32)
    cam_CHW = np.random.default_rng(1).normal(size=(2, *SIZE)).astype(np.float32)
    ones = np.ones(SEED_MASKS, np.float32)
    row = RegionRow("a", SIZE, rles[:SEED_MASKS], mask_areas(rles[:SEED_MASKS], SIZE), level, ones, ones)
    lengths = [uncompress_counts(rle).tolist() for rle in row.rles]
    plain_ms, seed = best_time_ms(
        lambda: plain_sams(cam_CHW, np.stack([plain_decoded(runs) for runs in lengths]), level, 0.6), repeats=2
    )
    ours_ms, found = best_time_ms(lambda: sams_seed(cam_CHW, np.array([1, 2]), row, SamsSettings(alpha=0.6))[0])
    assert np.mean(seed == found) > 0.999, "both ways give other seeds"
    lines.append(
        Comparison("SAMS seeds, 2 classes", f"{SIZE[0]}x{SIZE[1]}, 60 masks", "ms", plain_ms, ours_ms, target=3)
    )
    return lines
