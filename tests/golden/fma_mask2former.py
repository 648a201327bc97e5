"""Check of the Mask2Former case of FMA-WSSS: features, masks, classes, and the label map of a whole image."""

import json
import math
import re
from collections.abc import Mapping

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement
from golden.fma_sam import assert_near
from golden.fma_sam_setting import picture
from golden.synthetic import synthetic_state_dict
from torch.nn import functional

from wsss_core.checkpoints.mmseg_layout import MMSEG_MASK2FORMER
from wsss_core.networks.mask2former import Mask2Former, Mask2FormerShape
from wsss_core.networks.swin import STAGES, Swin, SwinShape
from wsss_core.segmenters.query_scores import input_scores

OFFSETS_PER_HEAD = 3 * 4 * 2  # levels, points, x and y
INDEX = "relative_position_index"


def network(case: Case) -> Mask2Former:
    """The network of the case with synthetic weights, scaled as its notes say."""
    layout = json.loads(case.side_file(case.spec["layout"]).read_text(encoding="utf-8"))
    weights = synthetic_state_dict(layout, case.spec["weight_seed"])
    notes = case.spec["notes"]
    for entry, factor in re.findall(r"(decode_head\.[\w.]+) (?:is multiplied )?by ([\d.]+)", notes):
        weights[entry] = weights[entry] * np.float32(factor)
    several = re.search(r"((?:[a-z_]+, )*[a-z_]+ and [a-z_]+) weights by ([\d.]+)", notes)
    assert several is not None, notes
    for name in re.findall(r"\w+", several[1].replace(" and ", ", ")):
        entry = f"decode_head.{name}.weight"
        weights[entry] = weights[entry] * np.float32(several[2])
    classes = layout["decode_head.cls_embed.weight"][0] - 1
    built = Mask2Former(Swin(swin_shape(layout)), classes, **vars(head_shape(layout)))
    state = {entry: torch.from_numpy(value) for entry, value in weights.items() if not entry.endswith(INDEX)}
    built.load_state_dict(MMSEG_MASK2FORMER.translate(state), strict=True)
    return built.eval()


def swin_shape(layout: Mapping[str, list[int]]) -> SwinShape:
    tables = {}
    for entry, shape in layout.items():
        if found := re.fullmatch(r"backbone\.stages\.(\d+)\.blocks\.(\d+)\.attn.*bias_table", entry):
            tables[int(found[1]), int(found[2])] = shape
    depths = [sum(stage == index for stage, _ in tables) for index in range(len(STAGES))]
    heads = [tables[index, 0][1] for index in range(len(STAGES))]
    return SwinShape(
        width=layout["backbone.patch_embed.projection.weight"][0],
        depths=tuple(depths),
        heads=tuple(heads),
        window=(math.isqrt(tables[0, 0][0]) + 1) // 2,
    )


def head_shape(layout: Mapping[str, list[int]]) -> Mask2FormerShape:
    queries, width = layout["decode_head.query_feat.weight"]
    pixel, decoder = "decode_head.pixel_decoder.encoder.layers", "decode_head.transformer_decoder.layers"
    return Mask2FormerShape(
        queries=queries,
        width=width,
        pixel_layers=count(layout, rf"{pixel}\.\d+\.norms\.0\.weight"),
        pixel_hidden=layout[f"{pixel}.0.ffn.layers.0.0.weight"][0],
        layers=count(layout, rf"{decoder}\.\d+\.norms\.0\.weight"),
        hidden=layout[f"{decoder}.0.ffn.layers.0.0.weight"][0],
        heads=layout[f"{pixel}.0.self_attn.sampling_offsets.weight"][0] // OFFSETS_PER_HEAD,
    )


def count(layout: Mapping[str, list[int]], pattern: str) -> int:
    return sum(bool(re.fullmatch(pattern, entry)) for entry in layout)


@torch.inference_mode()
def check_forward(case: Case) -> None:
    built, image_HW3 = network(case), picture(case)
    image_13HW = torch.from_numpy(built.normalisation(image_HW3))[None]
    features = list(built.backbone(image_13HW).values())
    decoded = built.head.pixel_decoder(features, output_hidden_states=False)
    answers = built.answers(image_13HW)
    scores = input_scores(built, image_13HW)
    size_hw = tuple(case.spec["inputs"]["original_size"])
    final = functional.interpolate(scores, size=size_hw, mode="bilinear", align_corners=False)[0]
    found = {
        **{f"backbone{index}": feature for index, feature in enumerate(features)},
        **{f"multi{index}": feature for index, feature in enumerate(decoded.multi_scale_features)},
        "mask_features": decoded.mask_features,
        "cls_first": answers.class_logits[0],
        "cls_last": answers.class_logits[-1],
        "mask_first": answers.mask_logits[0],
        "mask_last": answers.mask_logits[-1],
        "seg_logits": scores,
        "seg_logits_ori": final,
    }
    for name, recorded in case.arrays.items():
        if name != "pred":
            new = thinned(found[name].numpy(), name, case.meaning(name))
            assert_near(new, recorded, case.spec["tolerance"], f"{case.title}: {name}")
    assert_agreement(final.argmax(0).numpy(), case.arrays["pred"], 0.005, f"{case.title}: pred")


def thinned(array: np.ndarray, name: str, meaning: str) -> np.ndarray:
    """The part that was recorded, by the strides in the meaning; those of the first backbone array hold for all."""
    if backbone := re.fullmatch(r"backbone(\d)", name):
        spatial = 2 if int(backbone[1]) < 2 else 1
        return array[:, :: array.shape[1] // 12, ::spatial, ::spatial]
    if channels := re.search(r"(?:channel|query) stride (\d+)", meaning):
        return array[:, :: int(channels[1])]
    if everywhere := re.search(r"stride (\d+)", meaning):
        step = int(everywhere[1])
        return array[..., ::step, ::step]
    return array
