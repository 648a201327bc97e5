"""Checks of the seed cases of FMA-WSSS: SAMS and argmax."""

import re

import cv2
import numpy as np
from golden.cases import Case
from golden.compare import assert_agreement
from golden.fma_functions import unpacked

from wsss_core.artifacts.cams import CamRow, enlarge
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import encode_masks, mask_areas, one_ranges
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.seeds.argmax import argmax_seed
from wsss_core.seeds.background import with_background
from wsss_core.seeds.sams import mask_votes, painting_order, sams_seed
from wsss_core.settings.seeds import ArgmaxSettings, BackgroundRule, SamsSettings

NEAR = 1e-5


def scores_at(cam_Chw: np.ndarray, size_hw: tuple[int, int], ids: np.ndarray) -> np.ndarray:
    return CamRow("a", size_hw, ids, (cam_Chw,), size_hw, normalise=False).scores()


def check_sams(case: Case) -> None:
    inputs, arrays = case.spec["inputs"], case.arrays
    size_hw = (inputs["size"][0], inputs["size"][1])
    rles = encode_masks(unpacked(arrays["masks_packed"], (inputs["n_masks"], *size_hw)))
    ones = np.ones(len(rles), np.float32)
    regions = RegionRow("a", size_hw, rles, mask_areas(rles, size_hw), arrays["levels"].astype(np.int32), ones, ones)
    ids = np.array(inputs["fg_cls"], np.int32) + 1
    cam_CHW = scores_at(arrays["cam_small"], size_hw, ids)
    first_power = 0.6
    for name, recorded in arrays.items():
        if not name.startswith("seed_"):
            continue
        variant, meaning = name.removeprefix("seed_"), case.meaning(name)
        power = re.search(r"(?:power |\^)(\d*\.?\d+)", meaning)
        settings = SamsSettings(
            alpha=float(power[1]) if power else first_power,
            clip="means" if variant == "gather_first" else "pixels",
            scores="unit" if variant == "double" else "raw",
            on_top="small" if variant == "area_smaller" else "whole",
        )
        cam, labels = cam_CHW, ids
        if one := re.search(r"channel (\d+) alone.*\(label (\d+)\)", meaning):
            cam, labels = cam_CHW[int(one[1])][None], np.array([int(one[2])])
        label_HW, _ = sams_seed(cam, labels, regions, settings)
        if f"ann_score_{variant}" in arrays:
            check_votes(case, variant, cam, labels, regions, settings)
        assert_agreement(label_HW, recorded, 0, f"{case.title}: {name}")


def check_votes(
    case: Case, variant: str, cam_CHW: np.ndarray, ids: np.ndarray, regions: RegionRow, settings: SamsSettings
) -> None:
    masks = [one_ranges(rle, regions.size_hw, "mask") for rle in regions.rles]
    votes = mask_votes(cam_CHW, ids, masks, settings)
    recorded = {name: case.arrays[f"{name}_{variant}"] for name in ("ann_score", "ann_seed", "ann_conf", "order")}
    scores = recorded["ann_score"]
    np.testing.assert_allclose(votes.score_SK[:, 1:], scores[:, 1:], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(votes.score_SK[:, 0], scores[:, 0], rtol=1e-4, atol=1e-4)
    ranked = np.sort(scores, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > NEAR
    np.testing.assert_array_equal(votes.label_S[clear], recorded["ann_seed"][clear])
    np.testing.assert_allclose(votes.confidence_S, recorded["ann_conf"], rtol=1e-4, atol=1e-4)
    order = painting_order(votes, regions.level, regions.area, settings)
    confidence = recorded["ann_conf"]
    swapped = order != recorded["order"]
    # Neighbours of like confidence may stand the other way round.
    np.testing.assert_allclose(confidence[order[swapped]], confidence[recorded["order"][swapped]], atol=NEAR)


def check_argmax(case: Case) -> None:
    inputs, cam = case.spec["inputs"], case.arrays["cam"]
    size_hw = (inputs["dsize"][0], inputs["dsize"][1])
    ids = np.array(inputs["fg_cls"], np.int32) + 1
    raw = scores_at(cam, size_hw, ids)
    resized_by_opencv = np.stack([cv2.resize(one, size_hw[::-1], interpolation=cv2.INTER_LINEAR) for one in cam])
    for name, recorded in case.arrays.items():
        if name.startswith("score_pow"):
            rule = BackgroundRule(alpha=float(name.removeprefix("score_pow")))
            step = int(re.search(r"stride (\d+)", case.meaning(name))[1])  # type: ignore[index]
            scores, _ = with_background(unit_scores(raw), ids, rule)
            np.testing.assert_allclose(scores[:, ::step, ::step], recorded, rtol=1e-4, atol=1e-5)
            continue
        if name == "cam":
            continue
        power = re.search(r"pow(?:er )?(\d+)", f"{name} {case.meaning(name)}")
        threshold = re.fullmatch(r"seed_thresh([\d.]+)", name)
        weak = re.search(r"max score < ([\d.]+)", case.meaning(name))
        settings = ArgmaxSettings(
            alpha=float(power[1]) if power and not threshold else None,
            threshold=float(threshold[1]) if threshold else None,
            scores="raw" if "norm_first" in name else "unit",
            ignore_weak=float(weak[1]) if weak else None,
        )
        scores = resized_by_opencv if "cv2" in name else raw
        if "norm_first" in name:
            scores = np.stack([enlarge(one, size_hw) for one in unit_scores(cam)])
        label_HW, _ = argmax_seed(scores, ids, settings)
        assert_agreement(label_HW, recorded, 1e-3, f"{case.title}: {name}")
