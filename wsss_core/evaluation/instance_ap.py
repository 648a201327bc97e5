"""Average precision of instances, as chainercv's evaluation of VOC instance segmentation defines it.

Per class: the predictions of each image, surest first, each choose the true instance of that class with the highest
IoU. A prediction is a hit if that IoU is at least the threshold and no surer one chose the same instance; it does not
fall back on its second choice. The predictions of all images are then sorted by score. AP is the area under the
envelope of precision over recall; the mean is over the classes that have a true instance.

Axes: `I` predicted, `G` true instances; otherwise the legend of docs/architecture.md.
"""

from collections.abc import Iterable

import numpy as np


def mask_iou(masks: Iterable[np.ndarray], object_HW: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """IoU (I, G) float64 of predicted masks with true objects.

    `masks`: I bool arrays (H, W). `object_HW` object numbers, `numbers` (G,) those that count. A pixel of a mask
    that lies on no object (void, 255, too) enlarges the union.
    """
    count = int(numbers.max(initial=0)) + 1
    truth_areas = np.bincount(object_HW.reshape(-1), minlength=count)[numbers]
    rows = []
    for mask_HW in masks:
        common = np.bincount(object_HW[mask_HW], minlength=count)[numbers]
        rows.append(common / np.maximum(np.count_nonzero(mask_HW) + truth_areas - common, 1))
    return np.array(rows, np.float64).reshape(len(rows), len(numbers))


def hits(iou_IG: np.ndarray, label_I: np.ndarray, label_G: np.ndarray, threshold: float) -> np.ndarray:
    """Which predictions of one image are hits, bool (I,).

    `iou_IG` by falling score of the predictions; `label_I` and `label_G` are the label ids of predictions and truth.
    """
    same_IG = np.where(label_I[:, None] == label_G, iou_IG, -1.0)
    found = np.zeros(len(label_I), bool)
    taken = np.zeros(len(label_G), bool)
    for place in range(len(label_I) if len(label_G) else 0):
        best = same_IG[place].argmax()
        if same_IG[place, best] >= threshold:
            found[place] = not taken[best]
            taken[best] = True
    return found


def average_precision(score_I: np.ndarray, hit_I: np.ndarray, truth_count: int | np.integer) -> float:
    """AP of one class in 0..1 from the predictions of all images; NaN when there is no true instance.

    Predictions of equal score stay in the order given.
    """
    if not truth_count:
        return float("nan")
    hit = hit_I[np.argsort(-score_I, kind="stable")]
    true_positives = np.cumsum(hit)
    precision = true_positives / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hit].sum() / truth_count)  # the recall grows by 1 / truth_count at each hit
