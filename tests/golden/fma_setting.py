"""What the FMA cases are made of: CLIP with synthetic weights, pictures, prompts; and the strides of the records."""

import json
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from golden.cases import Case
from golden.synthetic import synthetic_image, synthetic_input, synthetic_state_dict

from wsss_core.checkpoints.clip_file import clip_weights
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.networks.clip.clip import CLIP, CLIP_RGB
from wsss_core.networks.clip.prompts import PromptContext

VOC_GROUPS, VOC_FOREGROUND, COCO_FOREGROUND = 45, 20, 80
SCALE = re.compile(r"logit_scale of the state dict is overridden by float32 ([\d.]+)")


def clip_of(case: Case) -> CLIP:
    """The frozen network of the case."""
    scale = SCALE.search(str(case.spec["notes"]))
    layout = str(case.side_file(case.spec["layout"]))
    return _clip(layout, case.spec["weight_seed"], None if scale is None else float(scale[1]))


@lru_cache(maxsize=1)
def _clip(layout_file: str, seed: int, logit_scale: float | None) -> CLIP:
    with open(layout_file, encoding="utf-8") as file:
        weights = synthetic_state_dict(json.load(file), seed)
    if logit_scale is not None:
        weights["logit_scale"] = np.float32(logit_scale)
    state = {name: torch.as_tensor(value) for name, value in weights.items()}
    size, own = clip_weights(state, Path(layout_file))
    clip = CLIP(size)
    clip.load_state_dict(own)
    return clip.requires_grad_(False).eval()


def images(case: Case) -> torch.Tensor:
    """Normalised pictures (B, 3, H, W)."""
    inputs = case.spec["inputs"]
    pictures = [synthetic_image(inputs["h"], inputs["w"], seed) for seed in inputs["image_seeds"]]
    return torch.from_numpy(np.stack([CLIP_RGB(picture) for picture in pictures]))


def prompts(case: Case) -> tuple[TextPrompts, PromptContext]:
    """The prompts of the case and its context, "0.125*synthetic_input('ctx:...', (16, 128), 1)"."""
    inputs = case.spec["inputs"]
    factor, name, shape, seed = re.fullmatch(
        r"([\d.]+)\*synthetic_input\('(.+)', \((.+)\), (\d+)\)", inputs["ctx"]
    ).groups()  # type: ignore[union-attr]
    axes = tuple(int(axis) for axis in shape.split(",") if axis.strip())
    start = float(factor) * synthetic_input(name, axes, int(seed))
    config = inputs["ctx_cfg"]
    text = TextPrompts(clip_of(case), inputs["classnames"], config["n_ctx"], config["cls_token_pos"])
    return text, PromptContext(torch.from_numpy(start.astype(np.float32)))


def present(case: Case) -> torch.Tensor:
    """Bool (B, C): the present classes of each picture."""
    inputs = case.spec["inputs"]
    count = VOC_FOREGROUND if len(inputs["classnames"]) == VOC_GROUPS else COCO_FOREGROUND
    mask = torch.zeros((len(inputs["labels_0based_fg"]), count), dtype=torch.bool)
    for row, labels in zip(mask, inputs["labels_0based_fg"], strict=True):
        row[labels] = True
    return mask


def meaning(case: Case, array: str) -> str:
    """What the case says about one of its arrays."""
    return str(case.spec["outputs"][array]["meaning"])


def stride(text: str, pattern: str) -> int:
    """The number in the text at the group of the pattern, or 1."""
    found = re.search(pattern, text)
    return int(found[1]) if found else 1


def assert_within(new: np.ndarray, case: Case, array: str, tolerance: dict[str, float] | None = None) -> None:
    """|new - recorded| <= rtol |recorded| + atol (+ atol_rel_to_max * max|recorded|)."""
    recorded = case.arrays[array]
    rule = tolerance or case.spec["tolerance"]
    rule = rule.get(array, rule)
    assert new.shape == recorded.shape, f"{case.title}: {array}: shape {new.shape}, recorded {recorded.shape}"
    allowed = rule.get("atol", 0.0) + rule.get("atol_rel_to_max", 0.0) * np.abs(recorded).max(initial=0)
    np.testing.assert_allclose(
        new, recorded, rtol=rule.get("rtol", 0.0), atol=allowed, err_msg=f"{case.title}: {array}"
    )
