"""What a case of WS-FCN or its parent is made of: its network with synthetic weights, its normalised pictures."""

import json
import re
from functools import lru_cache

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_agreement, assert_close_to_peak, assert_equal
from golden.synthetic import synthetic_image, synthetic_state_dict

from wsss_core.checkpoints.one_stage_layout import ONE_STAGE_LAYOUT
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.one_stage.one_stage_network import OneStageNetwork

PARENT = "onestage_"
WS_FCN_VGG16_STRIDE = 16
SUBSAMPLING = {"channels": 1, "rows": -2, "columns": -1}


def network_name(case: Case) -> str:
    """Name of the case's network without that of the parent, such as `ae_resnet38`."""
    name: str = case.spec["network"]
    return name.removeprefix(PARENT)


def is_parent(case: Case) -> bool:
    """Whether the case was recorded from the parent."""
    return case.name.startswith(PARENT)


def network(case: Case) -> OneStageNetwork:
    """The network of the case in evaluation mode, frozen as in training, with weights of its own."""
    weights = case.spec["weights"]
    rules = tuple((kind, tuple(map(tuple, weights.get(kind, ())))) for kind in ("scale_rules", "offset_rules"))
    layout = str(case.side_file(case.spec["layout"]))
    net, start = _network(network_name(case), is_parent(case), layout, weights["seed"], rules)
    net.load_state_dict(start)
    net.zero_grad(set_to_none=True)
    return net.eval()


@lru_cache(maxsize=1)
def _network(
    name: str, of_parent: bool, layout_file: str, seed: int, rules: tuple
) -> tuple[OneStageNetwork, dict[str, torch.Tensor]]:
    with open(layout_file, encoding="utf-8") as file:
        layout = json.load(file)
    state = {entry: torch.from_numpy(value) for entry, value in synthetic_weights(layout, seed, dict(rules)).items()}
    head, backbone = name.split("_")
    own = ONE_STAGE_LAYOUT.translate(state)
    architecture = "one_stage_cam" if head == "bsl" else "one_stage" if of_parent else "ws_fcn"
    stride = {"output_stride": WS_FCN_VGG16_STRIDE} if backbone == "vgg16" and not of_parent else {}
    classes = len(own["fc8.weight" if head == "bsl" else "last_conv.8.weight"]) + 1
    with torch.device("meta"):
        built = build_segmenter(architecture, backbone, classes, **stride)
    assert isinstance(built, OneStageNetwork)
    built.load_state_dict(own, assign=True)
    for parameter in built.parameters():
        parameter.requires_grad_(True)
    built.freeze()
    return built, {entry: value.clone() for entry, value in own.items()}


def synthetic_weights(layout: dict, seed: int, rules: dict) -> dict[str, np.ndarray]:
    """Weights for a layout, scaled and shifted where the rules say so."""
    weights = synthetic_state_dict(layout, seed)
    for pattern, factor in rules.get("scale_rules", ()):
        weights |= {entry: value * np.float32(factor) for entry, value in matching(weights, pattern)}
    for pattern, addend in rules.get("offset_rules", ()):
        weights |= {entry: value + np.float32(addend) for entry, value in matching(weights, pattern)}
    return weights


def matching(weights: dict[str, np.ndarray], pattern: str) -> list[tuple[str, np.ndarray]]:
    return [(entry, value) for entry, value in weights.items() if re.search(pattern, entry)]


def pictures(case: Case) -> list[np.ndarray]:
    """The uint8 RGB images (H, W, 3) of a case with a batch."""
    recipe = case.spec["input"]
    size = (recipe["height"], recipe["width"])
    return [synthetic_image(*size, recipe["seed"] + number) for number in range(recipe["batch"])]


def batch_of(images: list[np.ndarray]) -> torch.Tensor:
    """Normalised batch (B, 3, H, W)."""
    return torch.from_numpy(np.stack([IMAGENET_RGB(image) for image in images]))


def strided(array: np.ndarray, subsample: str | None) -> np.ndarray:
    """The part of an array that was recorded, as in "channels ::4, rows ::3"."""
    index = [slice(None)] * array.ndim
    for axis, step in re.findall(r"(\w+) ::(\d+)", subsample or ""):
        index[SUBSAMPLING[axis]] = slice(None, None, int(step))
    return array[tuple(index)]


def compare_outputs(case: Case, new: dict[str, np.ndarray], label_share: float) -> None:
    """Every output of a name in `new`: labels by agreement, floats relative to their maximum, flags exactly."""
    for name, array in new.items():
        about = case.spec["outputs"][name]
        part, what = strided(array, about.get("subsample")), f"{case.title}: {name}"
        recorded = case.arrays[name]
        if np.issubdtype(recorded.dtype, np.floating):
            tolerance = case.spec["tolerance"]
            assert_close_to_peak(part, recorded, tolerance["rtol"] + tolerance["atol"], what)
        elif label_share:
            assert_agreement(part, recorded, label_share, what)
        else:
            assert_equal(part, recorded, what)
