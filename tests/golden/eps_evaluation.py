"""Checks of the figures: those of the pseudo masks, and those of DeepLab's port."""

import re

import numpy as np
from golden.cases import Case
from golden.compare import assert_equal
from golden.eps_setting import IGNORE, block_repeat, label_map, number, numbers
from golden.synthetic import synthetic_input

from wsss_core.evaluation.accuracy import (
    frequency_weighted_iou,
    mean_accuracy,
    mean_iou_of_truth,
    pixel_accuracy,
)
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou, mean_iou

PICKED_ABOVE = 0.3
TOLERANCE = 1e-12


def sizes_of(text: str) -> list[tuple[int, int]]:
    """The sizes in `[(30, 40), (17, 33)]`."""
    found = re.findall(r"\((\d+), (\d+)\)", text[text.index("[") : text.index("]")])
    return [(int(height), int(width)) for height, width in found]


def recipe(text: str, what: str) -> tuple[int, int]:
    """Number of classes and seed of the `label_map` called `what`."""
    found = re.search(rf"label_map\('[^']*:{what}<i>',\(h,w\),(\d+),(\d+)\)", text)
    assert found is not None, f"expected the recipe of {what!r} in {text!r}"
    classes, seed = numbers(f"{found[1]} {found[2]}")
    return classes, seed


def labels(case: Case, factor: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Truth and prediction of every image, entries as squares of `factor` pixels; 255 is predicted nowhere."""
    text = case.spec["inputs"]
    classes, seed = recipe(text, "gt")
    predicted = classes if f"{case.name}:pr<i>',..." in text else recipe(text, "pr")[0]
    pairs = []
    for index, size_hw in enumerate(sizes_of(text)):
        truth = label_map(f"{case.name}:gt{index}", size_hw, classes, seed)
        other = label_map(f"{case.name}:pr{index}", size_hw, predicted, seed, ignore=False)
        picked = synthetic_input(f"{case.name}:pick{index}", size_hw, seed) > PICKED_ABOVE
        prediction = np.where(picked, other, truth)
        prediction[prediction == IGNORE] = 0
        pairs.append((block_repeat(truth, factor), block_repeat(prediction, factor)))
    return pairs


def check_pseudo_mask_figures(case: Case) -> None:
    text = case.spec["inputs"]
    classes = case.arrays["hist"].shape[0]
    counts = np.zeros((classes, classes + 1), np.int64)
    for index, (truth, prediction) in enumerate(labels(case, factor=2)):
        if index == 0:
            side = int(number(text, r"top-left #x"))
            prediction[:side, :side] = number(text, r"set to #")
        # The original drops predictions that are no class; here they are an error, so their pixels leave the truth.
        strange = prediction >= classes
        truth[strange], prediction[strange] = IGNORE, 0
        counts += confusion_counts(truth, prediction, classes)
    assert_equal(counts[:, :classes], case.arrays["hist"], f"{case.title}: counts")
    hits, in_truth, answered = np.diagonal(counts), counts.sum(axis=1), counts[:, :classes].sum(axis=0)
    with np.errstate(invalid="ignore"):
        shares = {"recall_nan": hits / in_truth, "precision_nan": hits / answered}
    figures = {
        **shares,
        "iou_nan": class_iou(counts),
        "acc": pixel_accuracy(counts),
        "miou": mean_iou(counts),
        "fwavacc": frequency_weighted_iou(counts),
    }
    check_figures(case, figures, but=("hist",))


def check_prediction_figures(case: Case) -> None:
    pairs = labels(case, factor=1)
    classes = len(case.arrays["iou_nan"])
    counts = np.sum([confusion_counts(truth, prediction, classes) for truth, prediction in pairs], axis=0)
    figures = {
        "pixel_acc": pixel_accuracy(counts),
        "mean_acc": mean_accuracy(counts),
        "fw_iou": frequency_weighted_iou(counts),
        "miou": mean_iou_of_truth(counts),
        "iou_nan": class_iou(counts),
    }
    check_figures(case, figures)


def check_figures(case: Case, figures: dict[str, float | np.ndarray], but: tuple[str, ...] = ()) -> None:
    assert set(case.arrays) == set(figures) | set(but), f"{case.title}: figures"
    for name, value in figures.items():
        np.testing.assert_allclose(value, case.arrays[name], rtol=TOLERANCE, err_msg=f"{case.title}: {name}")
