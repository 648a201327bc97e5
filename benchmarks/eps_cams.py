"""CAMs of EPS for the 80 classes of MS-COCO, without the network: time and memory.

Baseline (the public code of EPS): softmax on the grid, all 81 maps of each of the 8 views enlarged to image size, times
the tags, mirrored back, kept in a list until the end, summed and divided; then a label map by argmax over 81 planes.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from benchmarks.memory import added_peak_mb
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.cams import NORMALISATION_EPSILON, CamRow
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.seeds import ArgmaxSettings

CLASSES, TAGS = 80, (1, 42, 80)
SIZE_HW = (480, 640)
SCALES = (0.5, 1.0, 1.5, 2.0)
THRESHOLD = 0.2
STRIDE = 8
DIFFERING_SHARE = 1e-4


def raw_maps() -> list[torch.Tensor]:
    """What the network would give for each scale: image and mirror, (2, 81, h, w)."""
    generator = torch.Generator().manual_seed(0)
    sizes = [tuple(-(-round(side * scale) // STRIDE) for side in SIZE_HW) for scale in SCALES]
    return [3 * torch.randn(2, CLASSES + 1, *size, generator=generator) for size in sizes]


def published(maps: list[torch.Tensor]) -> np.ndarray:
    """The label map (H, W) as published."""
    tags = np.zeros((CLASSES, 1, 1), np.float32)
    tags[[label - 1 for label in TAGS]] = 1
    views = []
    for pair in maps:
        for number, view in enumerate(pair):
            probability = view[None].softmax(dim=1)
            large = functional.interpolate(probability, SIZE_HW, mode="bilinear", align_corners=False)[0].numpy()
            tagged = large[:CLASSES].copy() * tags
            views.append(tagged[:, :, ::-1] if number else tagged)
    total = np.sum(views, axis=0)
    total /= total.max(axis=(1, 2), keepdims=True) + NORMALISATION_EPSILON
    planes = np.zeros((CLASSES + 1, *SIZE_HW), np.float32)
    planes[0] = THRESHOLD
    for label in TAGS:
        planes[label] = total[label - 1]
    return planes.argmax(axis=0).astype(np.uint8)


def ours(maps: list[torch.Tensor]) -> np.ndarray:
    """The label map (H, W) as the stages `cams` and `seeds` make it."""
    channels = [label - 1 for label in TAGS]
    grids = []
    for pair in maps:
        tagged = pair.softmax(dim=1)[:, channels]
        grids.append((tagged[0] + tagged[1].flip(-1)).numpy())
    row = CamRow("a", SIZE_HW, np.array(TAGS, np.int32), tuple(grids), canvas_hw=SIZE_HW, normalise=True)
    return argmax_seed(row.scores(), row.class_ids, ArgmaxSettings(threshold=THRESHOLD))[0]


def published_way() -> Callable[[], object]:
    """For the measurement of memory, in a process of its own."""
    maps = raw_maps()
    maps[0].softmax(dim=1)
    return lambda: published(maps)


def our_way() -> Callable[[], object]:
    """As `published_way`."""
    maps = raw_maps()
    maps[0].softmax(dim=1)
    return lambda: ours(maps)


def run() -> list[Comparison]:
    """A 480x640 image with 3 tags."""
    maps = raw_maps()
    published_ms, expected = best_time_ms(lambda: published(maps), repeats=1)
    our_ms, found = best_time_ms(lambda: ours(maps), repeats=3)
    assert np.mean(found != expected) <= DIFFERING_SHARE, "both ways must give the same labels"
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {len(TAGS)} tags"
    published_mb, our_mb = added_peak_mb(published_way), added_peak_mb(our_way)
    return [
        Comparison("CAM stage of EPS without the network, 80 classes", size, "ms", published_ms, our_ms, target=10),
        Comparison("the same, memory", size, "MB", published_mb, our_mb, target=10),
    ]
