"""IoU of each image weighted by its number of instances (SPML's diagnostic, Ke et al., ICLR 2021)."""

import numpy as np

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.labels import LabelError, read_label_png
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou
from wsss_core.label_ids import RESERVED, is_known


def instance_counts(truth_HW: np.ndarray, instance_HW: np.ndarray, class_count: int) -> np.ndarray:
    """Instances (K,) int64 of each class: every number of the map, 0 and 255 too, is one of its most frequent class.

    truth_HW: pixels without a class do not vote; ties go to the lowest class, a number without any class to 0.
    """
    known = is_known(truth_HW, class_count)
    numbers, place = np.unique(instance_HW, return_inverse=True)
    pairs = place.reshape(truth_HW.shape)[known] * class_count + truth_HW[known].astype(np.int64)
    votes_IK = np.bincount(pairs, minlength=len(numbers) * class_count).reshape(len(numbers), class_count)
    return np.bincount(votes_IK.argmax(axis=1), minlength=class_count)


class InstanceWeightedIou:
    """Sums over images: of instances, and of instances times the image's IoU."""

    def __init__(self, class_count: int) -> None:
        self.class_count = class_count
        self._reserved = [label for label in RESERVED if label < class_count]
        self.instances = np.zeros(class_count)
        self.weighted = np.zeros(class_count)

    def add(self, truth_HW: np.ndarray, prediction_HW: np.ndarray, instance_HW: np.ndarray) -> float:
        """Add an image: truth and prediction as label maps, instance numbers of any integer type.

        Returns the mean IoU of this image alone, each class weighted by its instances.
        """
        iou_K = np.nan_to_num(class_iou(confusion_counts(truth_HW, prediction_HW, self.class_count)))
        count_K = instance_counts(truth_HW, instance_HW, self.class_count)
        self.instances += count_K
        self.weighted += count_K * iou_K
        return float(count_K @ iou_K / count_K.sum())

    def per_class(self) -> np.ndarray:
        """Mean IoU (K,) float64 in 0..1, weighted by instances; 0 for a class without any."""
        return self.weighted / np.maximum(self.instances, 1)

    def mean(self) -> float:
        """Mean of `per_class` over all real classes, those without instances too; NaN when no image was added."""
        return float(np.delete(self.per_class(), self._reserved).mean()) if self.instances.any() else np.nan


def instance_numbers(record: ImageRecord, truth_HW: np.ndarray) -> np.ndarray | None:
    """The instance numbers (H, W) of an image; None where the data has none.

    Raises `LabelError` for a damaged file or one of another size than the truth.
    """
    if record.instance_truth is None:
        return None
    instance_HW = read_label_png(record.instance_truth)
    if instance_HW.shape != truth_HW.shape:
        raise LabelError(
            f"{record.instance_truth}: expected instance numbers of the truth's height and width {truth_HW.shape}, "
            f"found {instance_HW.shape}. To do: replace one of the two."
        )
    return instance_HW
