"""Checks of the function cases of FMA-WSSS: boxes around scores, run-length codes, suppression, containment, mIoU."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal

from wsss_core.affinity.score_boxes import box_masks, score_boxes
from wsss_core.artifacts.rle import encode_masks, uncompress_counts
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou
from wsss_core.networks.nms import nms


def unpacked(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Bool array of that shape from `numpy.packbits`."""
    size = int(np.prod(shape))
    return np.unpackbits(packed)[:size].reshape(shape).astype(bool)


def check_score_boxes(case: Case) -> None:
    score = case.arrays["score"]
    for name, recorded in case.arrays.items():
        if masks := re.fullmatch(r"mask_t([\d.]+)", name):
            assert_equal(box_masks(score, float(masks[1])), recorded.astype(bool), f"{case.title}: {name}")
        elif boxes := re.fullmatch(r"boxes(\d+)_t([\d.]+)", name):
            found = score_boxes(score[int(boxes[1])], float(boxes[2]))
            assert_equal(np.array(sorted(found.tolist())), recorded, f"{case.title}: {name}")
        elif name == "boxes_zero_map":
            assert_equal(score_boxes(np.zeros_like(score[0]), 0.5), recorded, f"{case.title}: {name}")


def check_rle(case: Case) -> None:
    masks = unpacked(case.arrays["masks_packed"], tuple(case.spec["inputs"]["masks"]))
    for index, code in enumerate(encode_masks(masks)):
        assert_equal(uncompress_counts(code), case.arrays[f"counts{index}"], f"{case.title}: mask {index}")


def check_nms(case: Case) -> None:
    boxes, scores = (torch.from_numpy(case.arrays[name]).float() for name in ("boxes", "scores"))
    for name, recorded in case.arrays.items():
        if name.startswith("keep"):
            kept = nms(boxes, scores, float(name.removeprefix("keep")))
            assert_equal(kept.numpy(), recorded, f"{case.title}: {name}")


def check_evaluation(case: Case) -> None:
    classes = case.spec["inputs"]["classes"]
    pairs = zip(case.arrays["gts"], case.arrays["preds"], strict=True)
    counts = sum(confusion_counts(truth, prediction, classes) for truth, prediction in pairs)
    assert_equal(counts[:, :classes], case.arrays["conf"], f"{case.title}: conf")
    iou = class_iou(counts)
    np.testing.assert_allclose(np.where(np.isnan(iou), -1, iou), case.arrays["cls_iou"], rtol=1e-9)
    # The original leaves classes out that are only predicted; the project's mean counts them, as mmsegmentation does.
    valid = counts.sum(axis=1) > 0
    assert_equal(valid, case.arrays["valid"], f"{case.title}: valid")
    np.testing.assert_allclose(iou[valid].mean(), case.arrays["mIoU"], rtol=1e-9)
