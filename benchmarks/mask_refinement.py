"""Pixel-adaptive mask refinement: running sums over shifted views against a map per class and neighbour.

Baseline (the public code of Araslanov & Roth, CVPR 2020): for each dilation the padded masks go through a convolution
with eight one-hot kernels; the 48 shifted copies of every class are joined, multiplied by the weights and summed, ten
times. Measured for the 21 classes of VOC on the grid of a crop of 321, and for the background and two tags, which is
what a training refines here.
"""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from benchmarks.memory import added_peak_mb
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.affinity.pixel_adaptive import DILATIONS, ITERATIONS, OFFSETS, refine_masks

GRID_HW = (81, 81)
CLASS_COUNT = 21
TAGGED = (0, 3, 9)
TOLERANCE = 1e-5
TIME_TARGET, MEMORY_TARGET = 3, 2


def one_hot_kernels(with_centre: bool) -> torch.Tensor:
    """Convolution kernels (8 or 9, 1, 3, 3) that pick a neighbour each, or the pixel itself."""
    places = [*OFFSETS, (0, 0)] if with_centre else list(OFFSETS)
    kernels = torch.zeros(len(places), 1, 3, 3)
    for number, (row, column) in enumerate(places):
        kernels[number, 0, row + 1, column + 1] = 1
    return kernels


def shifted_copies(maps_BDHW: torch.Tensor, dilations: Sequence[int], kernels: torch.Tensor) -> torch.Tensor:
    """All neighbours (B, D, count, H, W), by convolutions."""
    batch, channels, height, width = maps_BDHW.shape
    flat = maps_BDHW.reshape(batch * channels, 1, height, width)
    copies = []
    for dilation in dilations:
        padded = functional.pad(flat, (dilation,) * 4, mode="replicate")
        copies.append(functional.conv2d(padded, kernels, dilation=dilation))
    return torch.cat(copies, dim=1).view(batch, channels, -1, height, width)


def published_refinement(image_B3HW: torch.Tensor, mask_BKHW: torch.Tensor) -> torch.Tensor:
    """The published computation."""
    neighbours = shifted_copies(image_B3HW, DILATIONS, one_hot_kernels(with_centre=False))
    deviation = shifted_copies(image_B3HW, DILATIONS, one_hot_kernels(with_centre=True)).std(dim=2, keepdim=True)
    affinity = -(neighbours - image_B3HW[:, :, None]).abs() / (1e-8 + 0.1 * deviation)
    weight_B1nHW = affinity.mean(dim=1, keepdim=True).softmax(dim=2)
    for _ in range(ITERATIONS):
        mask_BKHW = (shifted_copies(mask_BKHW, DILATIONS, one_hot_kernels(with_centre=False)) * weight_B1nHW).sum(dim=2)
    return mask_BKHW


def example(batch: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Picture in 0..1 and masks of all classes."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(batch, 3, 11, 11, generator=generator)
    image = functional.interpolate(image, size=GRID_HW, mode="bilinear", align_corners=True)
    return image, torch.randn(batch, CLASS_COUNT, *GRID_HW, generator=generator).softmax(dim=1)


def as_published() -> Callable[[], object]:
    """The published computation, after what libraries load at their first call."""
    image, mask = example()
    published_refinement(image[..., :8, :8], mask[..., :8, :8])
    return lambda: published_refinement(image, mask)


def as_here() -> Callable[[], object]:
    """The computation of this project."""
    image, mask = example()
    refine_masks(image[..., :8, :8], mask[..., :8, :8])
    return lambda: refine_masks(image, mask)


def run() -> list[Comparison]:
    """Time and memory for one picture."""
    image, mask = example()
    tagged = list(TAGGED)
    baseline_ms, expected = best_time_ms(lambda: published_refinement(image, mask), repeats=3)
    all_ms, refined = best_time_ms(lambda: refine_masks(image, mask))
    torch.testing.assert_close(refined, expected, rtol=0, atol=TOLERANCE)
    tagged_ms, refined = best_time_ms(lambda: refine_masks(image, mask[:, tagged]))
    torch.testing.assert_close(refined, expected[:, tagged], rtol=0, atol=TOLERANCE)
    size = f"{GRID_HW[0]}x{GRID_HW[1]}"
    baseline_mb, ours_mb = added_peak_mb(as_published), added_peak_mb(as_here)
    return [
        Comparison("mask refinement, 10 iterations", f"{size}, 21 classes", "ms", baseline_ms, all_ms, TIME_TARGET),
        Comparison("the same, ours for 2 tags", f"{size}, 21 classes", "ms", baseline_ms, tagged_ms),
        Comparison("mask refinement, memory", f"{size}, 21 classes", "MB", baseline_mb, ours_mb, MEMORY_TARGET),
    ]
