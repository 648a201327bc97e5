"""Figures of one split, added up image by image, and how they are written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from wsss_core.evaluation.accuracy import (
    frequency_weighted_iou,
    mean_accuracy,
    mean_iou_of_truth,
    pixel_accuracy,
)
from wsss_core.evaluation.boundary_iou import boundary_iou
from wsss_core.evaluation.instance_weighted_iou import InstanceWeightedIou
from wsss_core.evaluation.iou import class_iou, mean_over_present
from wsss_core.label_ids import RESERVED

DIGITS = 6
"""Figures are rounded, so that the files do not change with the last bits of a sum."""


@dataclass
class Tally:
    """Sums over the images of one split, for one answer per pixel.

    `counts` (K, K+1): pooled confusion counts, the last column for answers withheld (255). `boundary` (K, 2): pooled
    boundary counts, or None. `image_miou`: image id -> mIoU of that image alone, NaN when its truth is all 255.
    `by_instance`: sums weighted by instances, or None. `image_by_instance`: image id -> IoU of that image alone,
    weighted by its instances; images without true instances are not in it.
    """

    counts: np.ndarray
    boundary: np.ndarray | None = None
    image_miou: dict[str, float] = field(default_factory=dict)
    by_instance: InstanceWeightedIou | None = None
    image_by_instance: dict[str, float] = field(default_factory=dict)

    @classmethod
    def empty(cls, class_count: int) -> "Tally":
        """No image yet."""
        return cls(np.zeros((class_count, class_count + 1), np.int64))

    def add(self, image_id: str, counts: np.ndarray) -> None:
        """Add the confusion counts (K, K+1) of one image."""
        self.counts += counts
        self.image_miou[image_id] = float(mean_over_present(class_iou(counts)))

    def add_boundary(self, counts: np.ndarray) -> None:
        """Add the boundary counts (K, 2) of one image."""
        self.boundary = counts if self.boundary is None else self.boundary + counts

    def add_instances(self, image_id: str, truth_HW: np.ndarray, label_HW: np.ndarray, instance_HW: np.ndarray) -> None:
        """Add the IoU of one image, weighted by its instances: label maps, instance numbers integers (H, W)."""
        if self.by_instance is None:
            self.by_instance = InstanceWeightedIou(len(self.counts))
        self.image_by_instance[image_id] = self.by_instance.add(truth_HW, label_HW, instance_HW)


def figures_of(tally: Tally, classes: Sequence[str], subset: Sequence[int]) -> dict[str, object]:
    """Plain values for JSON: shares and IoUs in 0..1, None for what does not exist.

    `subset`: label ids of the classes whose mean is reported besides; empty for none.
    """
    counts = tally.counts
    iou = class_iou(counts)
    hits, in_truth = np.diagonal(counts).astype(float), counts.sum(axis=1)
    answered = counts[:, :-1].sum(axis=0)
    scores = np.array(list(tally.image_miou.values()))
    subset_miou = mean_over_present(iou[list(subset)]) if subset else np.nan
    boundary = np.full(len(classes), np.nan) if tally.boundary is None else boundary_iou(tally.boundary)
    return {
        "images": len(tally.image_miou),
        "pixels": int(counts.sum()),
        "miou": number(mean_over_present(iou)),
        "subset_miou": number(subset_miou),
        "boundary_iou": number(mean_over_present(boundary)),
        "miou_of_truth": number(mean_iou_of_truth(counts)),
        "miou_by_instance": number(None if tally.by_instance is None else tally.by_instance.mean()),
        "pixel_accuracy": number(pixel_accuracy(counts)),
        "mean_accuracy": number(mean_accuracy(counts)),
        "frequency_weighted_iou": number(frequency_weighted_iou(counts)),
        "image_miou": number(mean_over_present(scores)),
        "ignored": number(_ratio(counts[:, -1].sum(), counts.sum())),
        "iou_per_class": _named(classes, iou),
        "precision_per_class": _named(classes, _ratio(hits, answered)),
        "recall_per_class": _named(classes, _ratio(hits, in_truth)),
        "boundary_iou_per_class": _named(classes, boundary),
        "iou_by_instance_per_class": {}
        if tally.by_instance is None
        else _named(classes, tally.by_instance.per_class()),
        "confusion": counts.tolist(),
    }


def number(value: float | np.ndarray | None) -> float | None:
    """A rounded Python float; None for NaN and None."""
    if value is None or np.isnan(value):
        return None
    return round(float(value), DIGITS)


def _named(classes: Sequence[str], values: np.ndarray) -> Mapping[str, float | None]:
    return {name: number(value) for name, value in zip(classes, values, strict=True) if name not in RESERVED.values()}


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    return np.divide(part, whole, out=np.full(shape, np.nan), where=np.asarray(whole) > 0)
