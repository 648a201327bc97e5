"""Checks of the refinement cases of FMA: class-aware attention."""

import re

import numpy as np
from golden.cases import Case
from golden.compare import assert_equal
from golden.fma_setting import assert_within
from golden.synthetic import synthetic_input

from wsss_core.affinity.attention_affinity import attention_affinity
from wsss_core.affinity.class_aware_attention import class_aware_attention
from wsss_core.affinity.score_boxes import box_masks, score_boxes
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.settings.refined_cams import ClassAwareAttentionSettings

CALL = re.compile(r"synthetic_input\('(.+?)',\(([\d,]+)\),(\d+)\)")


def check_caa(case: Case) -> None:
    cam, merged = case.arrays["cam"], case.arrays["merged"]
    assert_within(merged_attention(case), case, "merged")
    assert_within(unit_scores(cam), case, "score")
    for name in case.arrays:
        if name.startswith("aff_sinkhorn"):
            assert_within(attention_affinity(merged, int(name.removeprefix("aff_sinkhorn"))).matrix(), case, name)
        if name.startswith("boxmask_t"):
            mask = box_masks(case.arrays["score"], float(name.removeprefix("boxmask_t")))
            assert_equal(mask, case.arrays[name].astype(bool), f"{case.title}: {name}")
    check_boxes_of(case, case.arrays["score"])
    for variant, config in case.spec["inputs"]["variants"].items():
        settings = settings_of(config)
        for prefix, attention in (("cam", merged), ("cam_fp16att", merged.astype(np.float16))):
            assert_within(class_aware_attention(cam, attention, settings), case, f"{prefix}_{variant}")


def merged_attention(case: Case) -> np.ndarray:
    """ "softmax(2*synthetic_input('caa_att',(12,49,49),1),-1)": mean of the last blocks, class row and column cut."""
    text = case.spec["inputs"]["att"]
    name, shape, seed = CALL.search(text).groups()  # type: ignore[union-attr]
    factor = float(re.search(r"softmax\(([\d.]+)\*", text)[1])  # type: ignore[index]
    values = factor * synthetic_input(name, tuple(int(axis) for axis in shape.split(",")), int(seed)).astype(np.float64)
    weights = np.exp(values - values.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    blocks = {config["att2aff_cfg"]["last_n_layers"] for config in case.spec["inputs"]["variants"].values()}
    (last,) = blocks
    merged: np.ndarray = weights[-last:].mean(axis=0)[1:, 1:]
    return merged


def settings_of(config: dict) -> ClassAwareAttentionSettings:
    """The variant of the original in our words."""
    mask = config["aff_mask_cfg"]["method"]
    return ClassAwareAttentionSettings(
        box_threshold=mask["thresh"],
        sinkhorn_rounds=config["att2aff_cfg"]["method"]["n_iter"],
        power=config["aff_cfg"]["n_iters"],
        values=config["aff_at"],
    )


def check_boxes_of(case: Case, score: np.ndarray) -> None:
    for name, recorded in case.arrays.items():
        if found := re.fullmatch(r"boxes(\d+)_t([\d.]+)", name):
            boxes = score_boxes(score[int(found[1])], float(found[2]))
            assert_equal(np.array(sorted(boxes.tolist())), recorded, f"{case.title}: {name}")
