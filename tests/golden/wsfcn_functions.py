"""Checks of the function cases of WS-FCN and its parent: refinement, pseudo labels, losses, gate, crops, evaluation."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.synthetic import synthetic_image, synthetic_input
from torch.nn import functional

from wsss_core.affinity.pixel_adaptive import refine_masks
from wsss_core.data.random_rectangle import Rectangle, resized_rectangle
from wsss_core.evaluation.confusion import confusion_counts
from wsss_core.evaluation.tally import Tally, figures_of
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.one_stage.stochastic_gate import SHALLOW_SHARE, StochasticGate, gated
from wsss_core.segmenters.mask_loss import mask_losses
from wsss_core.segmenters.pseudo_labels import pseudo_labels
from wsss_core.settings.one_stage import PseudoLabelSettings
from wsss_core.training.losses import multilabel_margin, multilabel_soft_margin

FIGURE_DIGITS = 1e-4  # our figures are rounded, in percent
PRINTED_DIGITS = 0.005


def assert_within(case: Case, name: str, new: np.ndarray) -> None:
    """By the absolute and relative tolerance of the case, element by element."""
    tolerance = case.spec["tolerance"]
    np.testing.assert_allclose(
        new, case.arrays[name], tolerance["rtol"], tolerance["atol"], err_msg=f"{case.title}: {name}"
    )


def numbers_in(text: str, start: str) -> list[int]:
    """The whole numbers in the brackets that follow `start`."""
    found = re.search(re.escape(start) + r"\(([\d,\s]+)", text)
    assert found is not None, f"expected {start!r} with numbers in {text!r}"
    return [int(number) for number in found[1].split(",") if number.strip()]


def unit_rgb(images: list[np.ndarray]) -> torch.Tensor:
    """Normalised and denormalised (B, 3, H, W) in 0..1, as the original keeps its pictures."""
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (IMAGENET_RGB.mean, IMAGENET_RGB.std))
    return torch.from_numpy(np.stack([IMAGENET_RGB(image) * std + mean for image in images]))


def check_pamr(case: Case) -> None:
    height, width = numbers_in(case.spec["input"]["image"], "synthetic_image")[:2]
    found = re.search(r"synthetic_image\([^)]*seed\s+(\d+)", case.spec["input"]["image"])
    assert found is not None, f"{case.title}: expected a seed in {case.spec['input']['image']!r}"
    mask = torch.from_numpy(case.arrays["mask_in"])
    images = [synthetic_image(height, width, int(found[1]) + number) for number in range(len(mask))]
    iterations = int(re.search(r"num_iter=(\d+)", case.spec["function"])[1])  # type: ignore[index]
    dilations = [int(step) for step in re.search(r"dilations=\[([\d, ]+)\]", case.spec["function"])[1].split(",")]  # type: ignore[index]
    refined = refine_masks(unit_rgb(images), mask, iterations, dilations)
    assert_within(case, "refined", refined.numpy())


def check_pseudo_labels(case: Case) -> None:
    arrays = case.arrays
    tags_BC = torch.from_numpy(arrays["labels"])
    for name, settings in label_constants(case).items():
        label_BHW = pseudo_labels(torch.from_numpy(arrays["masks"]), settings)
        assert_equal(label_BHW.numpy(), arrays[f"pseudo_{name}"], f"{case.title}: pseudo_{name}")
        scores = torch.from_numpy(arrays["logits"]).requires_grad_()
        loss_B = mask_losses(scores, label_BHW, tags_BC)
        loss_B.mean().backward()
        assert scores.grad is not None
        assert_within(case, f"loss_{name}", loss_B.detach().numpy())
        assert_within(case, f"grad_{name}", scores.grad.numpy())


def label_constants(case: Case) -> dict[str, PseudoLabelSettings]:
    """Those that the case names for each data set, as in "voc: cutoffs 0.7/0.6/low 0.2"."""
    found = re.findall(r"(\w+): (?:cutoffs )?([\d.]+)/([\d.]+)/low ([\d.]+)", case.spec["function"])
    assert found, f"{case.title}: expected thresholds in {case.spec['function']!r}"
    return {
        name: PseudoLabelSettings(
            background_share=float(background), foreground_share=float(foreground), lowest=float(low)
        )
        for name, background, foreground, low in found
    }


def check_gate(case: Case) -> None:
    shape = case.arrays["eval"].shape
    recipe = case.spec["input"]["deep"]
    seed = int(recipe.rstrip(") ").rsplit(",", 1)[1])
    deep, shallow = (torch.from_numpy(synthetic_input(name, shape, seed)) for name in ("gate_deep", "gate_shallow"))
    found = re.search(r"alpha_rate=([\d.]+)", case.spec["function"])
    share = float(found[1]) if found else SHALLOW_SHARE
    assert_within(case, "eval", StochasticGate(share).eval()(deep, shallow).numpy())
    keep = torch.from_numpy(case.arrays["keep"]).bool()
    assert_within(case, "train", gated(deep, shallow, keep, share).numpy())


def check_tag_losses(case: Case) -> None:
    recipe = case.spec["input"]["scores"]
    found = re.search(r"^([\d.]+)\*synthetic_input\('(\w+)',\(([\d,\s]+)\),(\d+)\)", recipe.replace(" ", ""))
    assert found is not None, f"{case.title}: cannot read {recipe!r}"
    shape = tuple(int(side) for side in found[3].split(",") if side)
    start = np.float32(found[1]) * synthetic_input(found[2], shape, int(found[4]))
    tags_BC = torch.from_numpy(case.arrays["labels"])
    for name, loss_of in (("SoftMargin", multilabel_soft_margin), ("Hinge", multilabel_margin)):
        scores = torch.from_numpy(start).requires_grad_()
        loss = loss_of(scores, tags_BC)
        loss.backward()
        assert scores.grad is not None
        assert_within(case, name, loss.detach().numpy())
        assert_within(case, f"grad_{name}", scores.grad.numpy())


def check_resized_crop(case: Case) -> None:
    height, width, seed = numbers_in(case.spec["input"]["image"], "synthetic_image")
    mask_seed = numbers_in(case.spec["input"]["mask"], "synthetic_image")[2]
    divisor = int(case.spec["input"]["mask"].rsplit("//", 1)[1])
    about = case.spec["stage"]
    sides = {name: int(re.search(rf"{name} (\d+)", about)[1]) for name in ("top", "left", "height", "width")}  # type: ignore[index]
    rectangle = Rectangle(**sides)
    image = synthetic_image(height, width, seed)
    rows, columns = case.arrays["mask"].shape
    assert rows == columns
    difference = resized_rectangle(image, rectangle, rows).astype(int) - case.arrays["image"]
    assert np.abs(difference).max() <= case.spec["tolerance"]["atol"], f"{case.title}: image"
    mask = synthetic_image(height, width, mask_seed)[..., 0] // divisor
    assert_equal(resized_rectangle(mask, rectangle, rows), case.arrays["mask"], f"{case.title}: mask")


def check_evaluation(case: Case) -> None:
    """Means are over all classes, those in no picture with 0: ours leave these out, so they are put in."""
    names = [name for name in case.arrays if re.fullmatch(r"pred\d+", name)]
    class_count = len(case.arrays["iou"])
    tally = Tally.empty(class_count)
    for name in names:
        counts = confusion_counts(case.arrays[name.replace("pred", "gt")], case.arrays[name], class_count)
        tally.add(name, counts)
    assert_equal(tally.counts[:, :class_count], case.arrays["confusion"], f"{case.title}: confusion")
    figures = figures_of(tally, [str(label) for label in range(class_count)], [])
    for name, recorded in (
        ("iou", "printed_miou"),
        ("precision", "printed_precision"),
        ("recall", "printed_recall"),
    ):
        per_class = figures[f"{name}_per_class"]
        assert isinstance(per_class, dict)
        values = np.array([100 * (value or 0.0) for value in per_class.values()])
        if name == "iou":
            np.testing.assert_allclose(values, case.arrays["iou"], rtol=0, atol=FIGURE_DIGITS)
        means = [values[1:].mean(), values.mean()]
        np.testing.assert_allclose(means, case.arrays[recorded], rtol=0, atol=PRINTED_DIGITS, err_msg=recorded)
    if "printed_pixelacc" in case.arrays:
        accuracy = figures["pixel_accuracy"]
        assert isinstance(accuracy, float)
        np.testing.assert_allclose([100 * accuracy] * 2, case.arrays["printed_pixelacc"], rtol=0, atol=PRINTED_DIGITS)


def average_of(array: np.ndarray, side: int) -> torch.Tensor:
    """Mean over squares of `side` cells, the borders reflected."""
    reach = side // 2
    padded = functional.pad(torch.from_numpy(array), (reach, reach, reach, reach), mode="reflect")
    return functional.avg_pool2d(padded, side, 1)
