"""Checks of the function cases of PSA: pairs, fused labels, CRF, optimiser, crop and mIoU."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_close, assert_equal, subsampled
from golden.psa_setting import picture
from golden.synthetic import synthetic_image

from wsss_core.affinity.label_fusion import block_mean, fuse_labels
from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.pairs import RADIUS, pair_indices
from wsss_core.crf import crf_probabilities
from wsss_core.data.crops import centre_crop
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.iou import class_iou, mean_iou
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.training import LoopSettings
from wsss_core.training.optimisers import build_optimiser, set_learning_rate
from wsss_core.training.schedules import learning_rate

OPTIMISER_TOLERANCE = 1e-5
CRF_MEAN_TOLERANCE, CRF_TOLERANCE = 1e-3, 2e-2


def stated(name: str, *texts: str) -> float:
    """The number after a name in the first text that has one, as in "radius=5" or "t=10" or "scale_factor 2"."""
    for text in texts:
        found = re.search(rf"\b{name}\s*[=\s]\s*([\d.e+-]*\d)", text)
        if found is not None:
            return float(found[1])
    raise AssertionError(f"expected {name!r} with a number in {texts}")


def check_pairs(case: Case) -> None:
    radius = int(stated("radius", case.spec["original"], f"radius={RADIUS}"))
    for name, recorded in case.arrays.items():
        end, size = name.split("_")
        height, width = map(int, size.split("x"))
        source, partner = pair_indices((height, width), radius)
        assert_equal(source if end == "from" else partner, recorded, f"{case.title}: {name}")


def check_labels(case: Case) -> None:
    label_hw = fuse_labels(block_mean(case.arrays["la"]), block_mean(case.arrays["ha"]))
    assert_equal(label_hw, case.arrays["label"], f"{case.title}: label")
    for name, targets in zip(("bg", "fg", "neg"), pair_targets(label_hw, RADIUS), strict=True):
        assert_equal(targets, case.arrays[name], f"{case.title}: {name}")


def check_crf(case: Case) -> None:
    image = picture(case)
    for name in set(case.arrays) - {"probs"}:
        texts = (case.meaning(name), case.spec["original"])
        settings = CrfSettings(iterations=int(stated("t", *texts)), scale_factor=stated("scale_factor", *texts))
        new = crf_probabilities(image, case.arrays["probs"], settings)
        assert_close(new, case.arrays[name], CRF_MEAN_TOLERANCE, CRF_TOLERANCE, f"{case.title}: {name}")


def check_optimiser(case: Case) -> None:
    text = case.spec["original"]
    total, decay = int(stated("max_step", text)), stated("weight_decay", text)
    # The original hands its decay to SGD in the place of the momentum.
    settings = LoopSettings(steps=total, learning_rate=stated("lr", text), weight_decay=decay, momentum=decay)
    module = torch.nn.ParameterDict(
        {f"p{number}": torch.from_numpy(start.copy()) for number, start in enumerate(case.arrays["start"])}
    )
    optimiser = build_optimiser(module, [[f"p{number}"] for number in range(len(module))], settings)
    for step, gradients in enumerate(case.arrays["grads"]):
        set_learning_rate(optimiser, learning_rate(step, total, settings))
        rates = np.array([group["lr"] for group in optimiser.param_groups])
        for parameter, gradient in zip(module.values(), gradients, strict=True):
            parameter.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
        values = np.stack([parameter.detach().numpy() for parameter in module.values()])
        np.testing.assert_allclose(rates, case.arrays["lrs"][step], rtol=0, atol=OPTIMISER_TOLERANCE)
        np.testing.assert_allclose(values, case.arrays["params"][step], rtol=0, atol=OPTIMISER_TOLERANCE)


def check_crop(case: Case) -> None:
    recipe = case.spec["input"]
    seed = recipe["seed"] if "seed" in recipe else recipe["args"]["seed"]
    for name, recorded in case.arrays.items():
        _, size, crop = name.split("_")
        height, width = map(int, size.split("x"))
        image = synthetic_image(height, width, seed).astype(np.float32)
        new = subsampled(centre_crop(image, int(crop)), case.meaning(name))
        assert_equal(new, recorded, f"{case.title}: {name}")


def check_miou(case: Case) -> None:
    class_count = len(case.arrays["iou"])
    counts = np.zeros((class_count, class_count + 1), np.int64)
    for name in case.arrays:
        if name.startswith("pred"):
            truth = case.arrays[name.replace("pred", "gt")].astype(np.uint8)  # -1, the original's ignore, becomes 255
            counts += confusion_counts(truth, case.arrays[name].astype(np.uint8), class_count)
    assert_equal(counts[:, :class_count], case.arrays["confusion"], f"{case.title}: confusion")
    iou = class_iou(counts)
    np.testing.assert_allclose(np.nan_to_num(iou, nan=-1), case.arrays["iou"], rtol=1e-12)
    np.testing.assert_allclose(mean_iou(counts), case.arrays["miou"][0], rtol=1e-12)
