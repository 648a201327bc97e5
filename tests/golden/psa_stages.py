"""Checks of the stage cases of PSA: network inputs, CAMs with their CRF labels, random walk."""

import re

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close, assert_close_to_peak, assert_equal, subsampled
from golden.psa_setting import network, network_input, picture, tags

from wsss_core.affinity.crf_pair import crf_pair
from wsss_core.affinity.random_walk import padded_hw, padded_input, refined_grid, start_scores
from wsss_core.artifacts.cams import CamRow
from wsss_core.cams.multiscale import class_activation_grids
from wsss_core.cams.scales import scaled_images
from wsss_core.networks.factory import build_backbone
from wsss_core.networks.network import TagClassifier
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.settings.crf import CrfSettings
from wsss_core.settings.seeds import ArgmaxSettings

SCALES = (1.0, 0.5, 1.5, 2.0)
CAM_TOLERANCE, CAM_ALLOWED = 2e-4, 2e-3  # absolute, of CAMs in 0..1; the second as the cases say
CRF_MEAN_TOLERANCE = 5e-3
DIFFERING_SHARE = 0.005
WALK_TOLERANCE, WALK_ALLOWED = 3e-4, 5e-3  # of the maximum; recorded to be 6e-5 on other machines


def check_inputs(case: Case) -> None:
    normalise = build_backbone(case.spec["network"].split("_")[0]).normalisation
    inputs = []
    for scaled in scaled_images(picture(case), SCALES):
        inputs += [normalise(scaled), normalise(scaled)[:, :, ::-1]]
    assert_equal(np.array([array.shape[1:] for array in inputs]), case.arrays["sizes"], f"{case.title}: sizes")
    for number, array in enumerate(inputs):
        name = f"in{number}"
        new = subsampled(array, case.meaning(name))
        assert_close_to_peak(new, case.arrays[name], case.spec["tolerance"]["tol"], f"{case.title}: {name}")


def check_cams(case: Case) -> None:
    net, image = network(case), picture(case)
    assert isinstance(net, TagClassifier)
    grids = class_activation_grids(net.cam, image, SCALES, net.normalisation, tags(case))
    size_hw = image.shape[:2]
    row = CamRow(case.name, size_hw, np.array(tags(case), np.int32), tuple(grids), canvas_hw=size_hw, normalise=True)
    scores_KHW = row.scores()
    assert_equal(row.class_ids - 1, case.arrays["keys"], f"{case.title}: classes")
    limit = case.limit(CAM_TOLERANCE, CAM_ALLOWED)
    assert_close(scores_KHW, case.arrays["cam"], limit, limit, f"{case.title}: cam")
    label, _ = argmax_seed(
        scores_KHW, row.class_ids, ArgmaxSettings(threshold=number_in(case.meaning("pred"), "background"))
    )
    assert_agreement(label, case.arrays["pred"], DIFFERING_SHARE, f"{case.title}: pred")
    check_crf_labels(case, crf_pair(image, scores_KHW, *alphas(case), CrfSettings()))


def check_crf_labels(case: Case, pair_KHW: tuple[np.ndarray, np.ndarray]) -> None:
    for name, probabilities_KHW in zip(("la", "ha"), pair_KHW, strict=True):
        new = subsampled(probabilities_KHW, case.meaning(name))
        assert_close(new, case.arrays[name], CRF_MEAN_TOLERANCE, 1, f"{case.title}: {name}")
        recorded_label = case.arrays[f"{name}_argmax"]
        label = probabilities_KHW.argmax(axis=0)
        assert_agreement(label, recorded_label, DIFFERING_SHARE, f"{case.title}: {name}_argmax")


def alphas(case: Case) -> tuple[float, float]:
    return number_in(case.meaning("la"), "alpha"), number_in(case.meaning("ha"), "alpha")


def number_in(text: str, word: str) -> float:
    """The number that follows a word, as in "alpha 32"."""
    found = re.search(word + r"\s+([\d.]+)", text)
    assert found is not None, f"expected {word!r} and a number in {text!r}"
    return float(found[1])


def check_walk(case: Case) -> None:
    image, parameters = picture(case), case.spec["parameters"]
    cams = case.arrays_of(case.spec["input"]["cams_from_case"])
    class_ids = cams["keys"] + 1
    input_3HW = padded_input(network_input(case, image)[0].numpy())
    with torch.inference_mode():
        features_Dhw = network(case)(torch.from_numpy(input_3HW)[None])[0]
    start_Khw = start_scores(cams["cam"], class_ids, parameters["alpha"])
    grid_Khw = refined_grid(start_Khw, features_Dhw, parameters["beta"], 2 ** parameters["logt"])
    channels = np.array([0, *class_ids])
    assert_equal(channels, case.arrays["channels"], f"{case.title}: channels")
    limit = case.limit(WALK_TOLERANCE, WALK_ALLOWED)
    assert_close_to_peak(grid_Khw, case.arrays["scores"], limit, f"{case.title}: scores")
    size_hw = image.shape[:2]
    row = CamRow(case.name, size_hw, channels, (grid_Khw,), padded_hw(size_hw), normalise=False)
    label, _ = argmax_seed(row.scores(), row.class_ids, ArgmaxSettings())
    assert_agreement(label, case.arrays["pred"], DIFFERING_SHARE, f"{case.title}: pred")
