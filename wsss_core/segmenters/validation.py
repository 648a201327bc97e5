"""mIoU of a segmentation network on the validation images, one scale: what trainings report on the way."""

from collections.abc import Callable, Sequence

import numpy as np

from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.data.labels import read_label_png
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou, mean_iou
from wsss_core.label_ids import RESERVED, best_label
from wsss_core.networks.network import Network
from wsss_core.segmenters.scores import predict_scores
from wsss_core.settings.cams import Canvas
from wsss_core.training.task import Figures


def validation_figures(
    network: Network, records: Sequence[ImageRecord], classes: Sequence[str], canvas: Canvas = "cells"
) -> Figures:
    """Figures of `label_figures` for a network of scores. Sets evaluation mode. `canvas`: see `predict_scores`."""
    network.eval()

    def predict(record: ImageRecord) -> np.ndarray:
        image_HW3 = read_image(record.file)
        scores_KHW = predict_scores(network, network.normalisation, image_HW3, canvas=canvas)
        return best_label(scores_KHW)

    return label_figures(predict, records, classes)


def label_figures(
    predict: Callable[[ImageRecord], np.ndarray], records: Sequence[ImageRecord], classes: Sequence[str]
) -> Figures:
    """`miou` and `iou` per class of predicted label maps (H, W); nothing without images.

    Every record needs ground truth. `classes`: background first.
    """
    if not records:
        return {}
    counts = np.zeros((len(classes), len(classes) + 1), np.int64)
    for record in records:
        counts += confusion_counts(read_label_png(str(record.truth)), predict(record), len(classes))
    iou_K = class_iou(counts)
    named = [(name, iou) for name, iou in zip(classes, iou_K, strict=True) if name not in RESERVED.values()]
    per_class = {name: None if np.isnan(iou) else float(iou) for name, iou in named}
    mean = float(mean_iou(counts))
    return {"miou": None if np.isnan(mean) else mean, "iou": per_class}
