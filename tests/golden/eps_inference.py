"""Checks of what EPS makes of a trained network: views, class maps, pseudo masks, and the two dense CRFs."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close, assert_close_to_peak, assert_equal
from golden.eps_setting import network, number, numbers, picture, resized, sampled, smooth_probabilities

from wsss_core.artifacts.cams import NORMALISATION_EPSILON, CamRow
from wsss_core.cams.multiscale import class_activation_grids
from wsss_core.cams.scales import scaled_images
from wsss_core.crf import crf_probabilities
from wsss_core.networks.eps_classifier import EpsClassifier
from wsss_core.networks.network import TagClassifier
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.predictions.multiscale import refined
from wsss_core.predictions.wrapped_image import wrapped_image
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.seeds.background import with_background
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.seeds import ArgmaxSettings, BackgroundRule

CAM_TOLERANCE, MASK_DIFFERS = 2e-4, 0.002
CRF_MEAN_TOLERANCE, CRF_TOLERANCE = 1e-3, 2e-2


def scales_of(text: str) -> list[float]:
    """The factors in `scales (0.5, 1.0, 1.5, 2.0)`."""
    found = re.search(r"scales \(([\d., ]+)\)", text)
    assert found is not None, f"expected scales in {text!r}"
    return [float(part) for part in found[1].split(",") if part.strip()]


def check_views(case: Case) -> None:
    text = case.spec["inputs"]
    views = []
    for scaled in scaled_images(picture(text), scales_of(text)):
        views += [IMAGENET_RGB(scaled), IMAGENET_RGB(scaled)[:, :, ::-1]]
    assert_equal(np.array([view.shape for view in views]), case.arrays["shapes"], f"{case.title}: shapes")
    for name, recorded in case.arrays.items():
        if name != "shapes":
            assert_close_to_peak(views[int(name.removeprefix("view"))], recorded, 1e-6, f"{case.title}: {name}")


def check_pseudo_mask(case: Case) -> None:
    net, text = network(case), case.spec["inputs"]
    assert isinstance(net, TagClassifier)
    image_HW3, scales = picture(text), scales_of(text)
    found = re.search(r"labels \(.*?\) \[([\d, ]*)\]", text)
    assert found is not None, f"{case.title}: expected the tags in {text!r}"
    tags = [label + 1 for label in numbers(found[1])]
    grids = class_activation_grids(net.cam, image_HW3, scales, net.normalisation, tags)
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    row = CamRow(case.name, size_hw, np.array(tags, np.int32), tuple(grids), canvas_hw=size_hw, normalise=True)
    scores_KHW = row.scores()
    assert_equal(row.class_ids - 1, case.arrays["keys"], f"{case.title}: classes")
    step = int(case.arrays["stride"])
    new = scores_KHW[:, ::step, ::step]
    assert_close(new, case.arrays["cam"], CAM_TOLERANCE, CAM_TOLERANCE, f"{case.title}: cam")
    label_HW, _ = argmax_seed(scores_KHW, row.class_ids, ArgmaxSettings(threshold=number(text, "thr #")))
    assert_agreement(label_HW, case.arrays["png"], MASK_DIFFERS, f"{case.title}: png")
    if tags:
        check_single_views(case, net, image_HW3, scales, tags[0], step)


def check_single_views(
    case: Case, net: TagClassifier, image_HW3: np.ndarray, scales: list[float], label: int, step: int
) -> None:
    """Each of the views, not added up: the maps of the first tag, and of the background where there is one."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    views: dict[str, list[np.ndarray]] = {"views": [], "views_bg": []}
    for scaled in scaled_images(image_HW3, scales):
        x = torch.from_numpy(net.normalisation(scaled))[None]
        for mirrored in (False, True):
            with torch.inference_mode():
                maps = maps_of(net, x.flip(-1) if mirrored else x)
            for name, channel in (("views", label - 1), ("views_bg", -1)):
                map_HW = resized(maps[channel], size_hw)
                views[name].append((map_HW[:, ::-1] if mirrored else map_HW)[::step, ::step])
    for name in views:
        if name in case.arrays:
            assert_close_to_peak(np.stack(views[name]), case.arrays[name], CAM_TOLERANCE, f"{case.title}: {name}")


def maps_of(net: TagClassifier, x: torch.Tensor) -> np.ndarray:
    """Rectified class maps of Base; of EPS probabilities, the background's last."""
    maps = net.all_maps(x).softmax(dim=1) if isinstance(net, EpsClassifier) else net.cam(x)
    return maps[0].numpy()


def check_seed_crf(case: Case) -> None:
    text = case.spec["inputs"]
    classes = numbers(re.findall(r"classes \[([\d, ]*)\]", text)[0])
    _, channels, height, width, seed = probability_recipe(text)
    probabilities = smooth_probabilities(case.name, channels, (height, width), seed, number(text, "gain=#"))
    maps_KHW = probabilities[: len(classes)]
    maps_KHW = maps_KHW / (maps_KHW.max(axis=(1, 2), keepdims=True) + NORMALISATION_EPSILON)
    for name in case.arrays:
        if name == "keys":
            continue
        alpha, iterations = number(name, "alpha#"), int(number(name, "_t#"))
        all_KHW, label_ids = with_background(maps_KHW, [label + 1 for label in classes], BackgroundRule(alpha=alpha))
        assert_equal(label_ids, case.arrays["keys"], f"{case.title}: keys")
        new = crf_probabilities(picture(text), all_KHW, CrfSettings(iterations=iterations))
        check_marginals(case, name, new)


def check_prediction_crf(case: Case) -> None:
    text, original = case.spec["inputs"], case.spec["original"]
    _, channels, height, width, seed = probability_recipe(text)
    probabilities = smooth_probabilities(case.name, channels, (height, width), seed, number(text, "gain=#"))
    settings = CrfSettings(
        iterations=int(number(original, "# iterations")),
        gaussian_sxy=number(original, "pos_xy_std #"),
        gaussian_compat=number(original, "pos_w #"),
        bilateral_sxy=number(original, "bi_xy_std #"),
        bilateral_srgb=number(original, "bi_rgb_std #"),
        bilateral_compat=number(original, "bi_w #"),
    )
    assert_equal(probabilities.argmax(axis=0), case.arrays["labels_before"], f"{case.title}: labels before")
    image_HW3 = picture(text)
    q_KHW = refined(image_HW3, probabilities, settings, smallest_peak=0.0)
    check_marginals(case, "q", q_KHW)
    assert_agreement(q_KHW.argmax(axis=0), case.arrays["labels"], MASK_DIFFERS, f"{case.title}: labels")
    assert_equal(wrapped_image(image_HW3), case.arrays["wrapped_image"], f"{case.title}: wrapped image")
    check_marginals(case, "q_wrapped", refined(wrapped_image(image_HW3), probabilities, settings, smallest_peak=0.0))


def probability_recipe(text: str) -> tuple[str, int, int, int, int]:
    """Name, channels, height, width and seed of `smooth_probs('name',3,60,80,1)`."""
    found = re.search(r"smooth_probs\('([^']+)',(\d+,\d+,\d+,\d+)\)", text)
    assert found is not None, f"expected smooth_probs with numbers in {text!r}"
    channels, height, width, seed = numbers(found[2])
    return found[1], channels, height, width, seed


def check_marginals(case: Case, name: str, probabilities_KHW: np.ndarray) -> None:
    new = sampled(case, name, probabilities_KHW)
    assert_close(new, case.arrays[name], CRF_MEAN_TOLERANCE, CRF_TOLERANCE, f"{case.title}: {name}")
