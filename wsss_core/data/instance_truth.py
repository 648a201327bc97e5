"""True instances: object numbers as in VOC's `SegmentationObject`, with the classes of `SegmentationClass`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wsss_core.data.labels import LabelError, read_label_png
from wsss_core.label_ids import BACKGROUND, IGNORE


@dataclass(frozen=True)
class InstanceTruth:
    """The objects of one image.

    `object_HW`: number of the object at each pixel, 0 and 255 (VOC: the seam around objects) for none.
    `numbers` (G,) those that occur, ascending; `class_ids` (G,) int32 their label ids.
    """

    object_HW: np.ndarray
    numbers: np.ndarray
    class_ids: np.ndarray


def read_instance_truth(path: Path | str, label_HW: np.ndarray) -> InstanceTruth:
    """The objects of a palette or grey PNG; `label_HW` is the truth mask of the same image.

    Raises `LabelError` for a file that is missing, damaged or of another size than the mask, and as `instance_truth`.
    """
    object_HW = read_label_png(path)
    if object_HW.shape != label_HW.shape:
        raise LabelError(
            f"{path}: expected object numbers of the size of the truth mask, height {label_HW.shape[0]} and width "
            f"{label_HW.shape[1]}, found {object_HW.shape[0]} and {object_HW.shape[1]}. To do: replace one of the two."
        )
    return instance_truth(object_HW, label_HW, str(path))


def instance_truth(object_HW: np.ndarray, label_HW: np.ndarray, where: str) -> InstanceTruth:
    """Objects with their classes: the most frequent foreground class of the object's pixels, the smallest of equals.

    Raises `LabelError`, opening with `where`, for an object none of whose pixels has a class.
    """
    numbers = np.setdiff1d(np.unique(object_HW), [BACKGROUND, IGNORE])
    classes = []
    for number in numbers:
        votes = np.bincount(label_HW[object_HW == number], minlength=IGNORE + 1)
        votes[[BACKGROUND, IGNORE]] = 0
        if not votes.any():
            raise LabelError(
                f"{where}: object {number} lies where the truth mask has no class. To do: use object and class "
                "masks of one data set, or none of the objects (data setting `instance_truth: null`)."
            )
        classes.append(int(votes.argmax()))
    return InstanceTruth(object_HW, numbers, np.array(classes, np.int32))
