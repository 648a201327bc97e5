"""Checks of the inference cases of WS-FCN and its parent: copies, merging, crops, and all of it with the CRF."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close_to_peak, assert_equal
from golden.synthetic import synthetic_image, synthetic_input
from golden.wsfcn_functions import assert_within, average_of, numbers_in
from golden.wsfcn_setting import is_parent, network, strided
from torch.nn import functional

from wsss_core.crf import crf_probabilities
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.one_stage.one_stage_network import enlarge_corners
from wsss_core.predictions.one_stage import crf_input, image_scores, with_background
from wsss_core.segmenters.crop_views import crop_views, merged_crops
from wsss_core.segmenters.one_stage_masks import above_cut, mean_over_views, view_scores
from wsss_core.segmenters.padded_views import View, padded_views
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.one_stage import OneStagePredictionsSettings

SCALES = (1.0, 0.5, 1.5, 2.0)
LABEL_SHARE, CRF_LABEL_SHARE = 0.003, 0.01
CRF_TOLERANCE = 0.02
NO_CUT = -1.0

WS_FCN = OneStagePredictionsSettings(crf=CrfSettings(bilateral_sxy=30))
PARENT = OneStagePredictionsSettings(background="power", crf_background_power=None, crf=CrfSettings())


def picture(case: Case) -> np.ndarray:
    """The uint8 RGB image of a case that has one."""
    return synthetic_image(*numbers_in(case.spec["input"]["image"], "synthetic_image"))


def sides_of(case: Case, name: str) -> tuple[int, int]:
    height, width = case.spec["input"][name]
    return height, width


def copies(case: Case) -> list[tuple[View, np.ndarray]]:
    """The padded copies of the case's picture."""
    recipe = case.spec["input"]
    scales = tuple(float(scale) for scale in recipe.get("scales", SCALES))
    return padded_views(picture(case), scales, recipe.get("flip", True), sides_of(case, "pad_size"), IMAGENET_RGB)


def check_loader(case: Case) -> None:
    views = copies(case)
    pads = np.array([(view.top, view.left, view.height, view.width) for view, _ in views])
    assert_equal(pads, case.arrays["pads"], f"{case.title}: pads")
    tolerance = case.spec["tolerance"]["atol"]
    images = np.stack([array for _, array in views])
    part = strided(images, case.spec["outputs"]["images"].get("subsample"))
    np.testing.assert_allclose(part, case.arrays["images"], rtol=0, atol=tolerance, err_msg=f"{case.title}: images")
    original = strided(IMAGENET_RGB(picture(case)), case.spec["outputs"]["image"].get("subsample"))
    np.testing.assert_allclose(original, case.arrays["image"], rtol=0, atol=tolerance, err_msg=f"{case.title}: image")
    # The row that was recorded is named in words only: it is one of image 5.
    number = int(re.search(r"image (\d+)", case.spec["outputs"]["row"]["meaning"])[1])  # type: ignore[index]
    distance = np.abs(images[number] - case.arrays["row"][:, None]).max(axis=(0, 2)).min()
    assert distance <= tolerance, f"{case.title}: no row of image {number} is the recorded one"


def check_inference(case: Case) -> None:
    net, image = network(case), picture(case)
    settings = PARENT if is_parent(case) else WS_FCN
    recipe = case.spec["input"]
    height, width = sides_of(case, "pad_size")
    settings = settings.model_copy(
        update={
            "canvas": height,
            "scales": tuple(float(scale) for scale in recipe["scales"]),
            "mirror": recipe["flip"],
            "tag_cut": recipe["fp_cut"],
        }
    )
    views = copies(case)
    scores = list(view_scores(net, [array for _, array in views], settings))
    raw = torch.stack([entry.tag_scores_C for entry in scores])
    tolerance = case.spec["tolerance"]["rtol"]
    assert_close_to_peak(raw.numpy(), case.arrays["cls_raw"], tolerance, f"{case.title}: cls_raw")
    decided = above_cut(raw.sigmoid().amax(dim=0).numpy(), settings.tag_cut)
    recorded_labels = [int(channel) + 1 for channel in np.flatnonzero(case.arrays["labels"])]
    assert decided == recorded_labels, f"{case.title}: labels"
    channels = [0, *decided]
    masks = (net.masks(entry.scores_Khw[None], entry.canvas_hw, channels)[0] for entry in scores)
    mean_KHW = np.zeros((net.classes, *image.shape[:2]), np.float32)
    mean_KHW[channels] = mean_over_views(masks, [view for view, _ in views], (image.shape[0], image.shape[1])).numpy()
    check_merged(case, mean_KHW, image, settings)
    if height == width:  # the stage's canvas is a square
        label = image_scores(net, IMAGENET_RGB, image, settings.model_copy(update={"crf": None}), None).argmax(axis=0)
        assert_agreement(label, case.arrays["pred"], LABEL_SHARE, f"{case.title}: pred of the stage")


def check_merge(case: Case) -> None:
    size_hw = sides_of(case, "pad_size")
    tags = case.arrays["labels"].astype(bool)
    mask_VKPQ = torch.from_numpy(drawn_masks(case, size_hw, tags))
    low = case.arrays["masks_in_low"]
    steps = [-(-side // cells) for side, cells in zip(size_hw, low.shape[2:], strict=True)]
    assert_close_to_peak(
        mask_VKPQ[:, :, :: steps[0], :: steps[1]].numpy(), low, 1e-4, f"{case.title}: recipe of the masks"
    )
    image = picture(case)
    views = [view for view, _ in padded_views(image, SCALES, True, size_hw, IMAGENET_RGB)]
    mean_KHW = mean_over_views(iter(mask_VKPQ), views, (image.shape[0], image.shape[1])).numpy()
    mean_KHW[1:][~tags] = 0
    check_merged(case, mean_KHW, image, PARENT if is_parent(case) else WS_FCN)


def drawn_masks(case: Case, size_hw: tuple[int, int], tags: np.ndarray) -> np.ndarray:
    """The recipe of the merge cases: smooth noise, the same for all copies but for a little of their own."""
    text = case.spec["input"]["masks"]
    shapes = re.findall(r"synthetic_input\('(\w+)',\(([\d,]+)\),(\d+)\)", text.replace(" ", ""))
    (first, first_shape, seed), (second, second_shape, second_seed) = shapes
    shape, other = (tuple(int(side) for side in sides.split(",")) for sides in (first_shape, second_shape))
    common = enlarge_corners(average_of(synthetic_input(first, shape, int(seed)), 3), size_hw)
    own = enlarge_corners(torch.from_numpy(synthetic_input(second, other, int(second_seed))), size_hw)
    numbers = re.search(r"\+ ([\d.]+)\*.*classes of ([\d.]+)\*m \+ bias, bias ([\d.]+) .*, ([\d.]+) for active", text)
    assert numbers is not None, f"{case.title}: cannot read {text!r}"
    share, factor, background, active = (float(number) for number in numbers.groups())
    bias = torch.tensor([background, *(active if tag else 0.0 for tag in tags)])
    return (factor * (common + share * own) + bias[None, :, None, None]).softmax(dim=1).numpy()


def check_merged(case: Case, mask_KHW: np.ndarray, image: np.ndarray, settings: OneStagePredictionsSettings) -> None:
    """Background rule, labels, and the CRF with its labels, from mean masks."""
    outputs, arrays = case.spec["outputs"], case.arrays
    scores_KHW = with_background(mask_KHW, settings)
    tolerance = case.spec["tolerance"]["rtol"] + case.spec["tolerance"]["atol"]
    merged = strided(scores_KHW, outputs["merged"].get("subsample"))
    assert_close_to_peak(merged, arrays["merged"], tolerance, f"{case.title}: merged")
    assert_agreement(scores_KHW.argmax(axis=0), arrays["pred"], LABEL_SHARE, f"{case.title}: pred")
    given_KHW = crf_input(scores_KHW, settings)
    if "crf_in" in arrays:
        part = strided(given_KHW, outputs["crf_in"].get("subsample"))
        assert_close_to_peak(part, arrays["crf_in"], tolerance, f"{case.title}: crf_in")
    assert settings.crf is not None
    probabilities_KHW = crf_probabilities(image, given_KHW, settings.crf)
    part = strided(probabilities_KHW, outputs["crf"].get("subsample"))
    assert_close_to_peak(part, arrays["crf"], CRF_TOLERANCE, f"{case.title}: crf")
    assert_agreement(probabilities_KHW.argmax(axis=0), arrays["pred_crf"], CRF_LABEL_SHARE, f"{case.title}: pred_crf")


def check_crops(case: Case) -> None:
    recipe, image = case.spec["input"], picture(case)
    rows, columns = recipe["grid"]
    place, crops = crop_views(
        image, sides_of(case, "pad_size"), sides_of(case, "crop_size"), (rows, columns), IMAGENET_RGB
    )
    coords = [
        (view.top, view.top + view.height, view.left, view.left + view.width, place.top, place.left)
        for view, _ in crops
    ]
    assert_equal(np.array(coords), case.arrays["coords"], f"{case.title}: coords")
    assert_within(case, "images", strided(np.stack([array for _, array in crops]), outputs_of(case, "images")))
    text = recipe["masks"].replace(" ", "")
    found = re.search(r"classesof([\d.]+)\*avg_pool(\d+)x\d+\(.*synthetic_input\('(\w+)',\(([\d,]+)\),(\d+)\)", text)
    assert found is not None, f"{case.title}: cannot read {text!r}"
    shape = tuple(int(side) for side in found[4].split(","))
    smooth = average_of(synthetic_input(found[3], shape, int(found[5])), int(found[2]))
    masks = functional.softmax(float(found[1]) * smooth, dim=1)
    merged = merged_crops(masks, [view for view, _ in crops], place).numpy()
    channels = [int(number) for number in re.findall(r"\d+", case.spec["outputs"]["merged"]["meaning"])]
    assert_within(case, "merged", merged[channels])


def outputs_of(case: Case, name: str) -> str | None:
    subsample: str | None = case.spec["outputs"][name].get("subsample")
    return subsample
