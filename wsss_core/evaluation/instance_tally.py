"""AP figures of an instance stage, added up image by image."""

from collections.abc import Mapping, Sequence

import numpy as np

from wsss_core.artifacts.instances import InstanceRow
from wsss_core.artifacts.manifest import Manifest
from wsss_core.artifacts.rle import iter_masks
from wsss_core.data.instance_truth import InstanceTruth, read_instance_truth
from wsss_core.evaluation.examples import examples, misfit
from wsss_core.evaluation.instance_ap import average_precision, hits, mask_iou
from wsss_core.evaluation.iou import mean_over_present
from wsss_core.evaluation.tally import number
from wsss_core.evaluation.target import EvaluationTarget
from wsss_core.label_ids import BACKGROUND

IOU_THRESHOLDS: Mapping[str, float] = {"ap50": 0.5, "ap70": 0.7}
"""Name of the figure -> IoU from which a prediction is a hit; the two that are published for VOC."""


class InstanceTally:
    """Predictions and hits over the images of one split that have true instances."""

    def __init__(self, class_count: int) -> None:
        self.images = 0
        self.truth_counts = np.zeros(class_count, np.int64)
        self._labels = [np.zeros(0, np.int32)]
        self._scores = [np.zeros(0, np.float32)]
        self._hits = {key: [np.zeros(0, bool)] for key in IOU_THRESHOLDS}

    def add(self, row: InstanceRow, truth: InstanceTruth) -> None:
        """Add one image. Raises `ValueError` for another size or a class that the data does not have."""
        class_count = len(self.truth_counts)
        if row.size_hw != truth.object_HW.shape:
            raise ValueError(f"expected instances of the truth's size {truth.object_HW.shape}, found {row.size_hw}")
        if strange := sorted({int(label) for label in row.class_ids if not 0 < label < class_count}):
            raise ValueError(f"expected instances of the classes 1..{class_count - 1}, found {strange}")
        order = np.argsort(-row.scores, kind="stable")
        label_I = row.class_ids[order]
        iou_IG = mask_iou(iter_masks([row.rles[place] for place in order], row.size_hw), truth.object_HW, truth.numbers)
        self.images += 1
        self.truth_counts += np.bincount(truth.class_ids, minlength=class_count)[:class_count]
        self._labels.append(label_I)
        self._scores.append(row.scores[order])
        for key, threshold in IOU_THRESHOLDS.items():
            self._hits[key].append(hits(iou_IG, label_I, truth.class_ids, threshold))

    def average_precision(self, key: str) -> np.ndarray:
        """AP (K,) in 0..1 of each class at one of `IOU_THRESHOLDS`; NaN for a class without true instances."""
        label_I, score_I = np.concatenate(self._labels), np.concatenate(self._scores)
        hit_I = np.concatenate(self._hits[key])
        pairs = ((label_I == label, count) for label, count in enumerate(self.truth_counts))
        return np.array([average_precision(score_I[own], hit_I[own], count) for own, count in pairs])

    def figures(self, classes: Sequence[str]) -> dict[str, object]:
        """Plain values for JSON: APs in 0..1, None for a class without true instances; numbers of instances."""
        figures: dict[str, object] = {
            "images_with_instances": self.images,
            "instances": sum(map(len, self._labels)),
            "true_instances": int(self.truth_counts.sum()),
        }
        for key in IOU_THRESHOLDS:
            ap_K = self.average_precision(key)
            figures[key] = number(mean_over_present(ap_K))
            figures[f"{key}_per_class"] = {
                name: number(ap)
                for label, (name, ap) in enumerate(zip(classes, ap_K, strict=True))
                if label != BACKGROUND
            }
        return figures


def instance_tallies(
    manifest: Manifest, target: EvaluationTarget, splits: Sequence[str], job: str = "evaluation"
) -> dict[str, InstanceTally]:
    """Sums per split over the images whose true instances are known, in one pass;
    `job`: name in the progress display.

    Raises `ArtifactError` naming image and truth when a result does not fit its truth.
    """
    tallies = {split: InstanceTally(len(manifest.classes)) for split in splits}
    for example in examples(target, manifest, splits, job):
        row, path = example.row, example.record.instance_truth
        if not isinstance(row, InstanceRow):
            raise TypeError(f"stage {target.name!r}: expected InstanceRow, found {type(row).__name__}")
        if path is None:
            continue
        try:
            truth = read_instance_truth(path, example.truth_HW)
            for split in example.splits:
                tallies[split].add(row, truth)
        except ValueError as error:
            raise misfit(target, example, error) from error
    return tallies
