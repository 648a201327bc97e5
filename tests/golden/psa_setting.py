"""What a PSA case is made of: its picture, its network with synthetic weights, its normalised input."""

import json
from functools import lru_cache

import numpy as np
import torch
from golden.cases import Case
from golden.synthetic import synthetic_image, synthetic_state_dict

from wsss_core.checkpoints.psa_layout import to_own_name
from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.network import Network


def picture(case: Case) -> np.ndarray:
    """The uint8 RGB image (H, W, 3) of the case."""
    return synthetic_image(**case.spec["input"]["args"])


def tags(case: Case) -> list[int]:
    """Label ids (1..C) of the case, whose own numbers do not count the background."""
    return [label + 1 for label in case.spec["input"]["classes"]]


def network(case: Case) -> Network:
    """The network of the case in evaluation mode, with the backbone frozen as in training."""
    scaling = case.spec.get("weight_scaling") or {}
    layout = str(case.side_file(case.spec["layout"]))
    return _network(case.spec["network"], layout, case.spec["weight_seed"], tuple(sorted(scaling.items())))


@lru_cache(maxsize=1)
def _network(name: str, layout_file: str, seed: int, scaling: tuple[tuple[str, float], ...]) -> Network:
    """ResNet38 has 120 million weights: one network is kept, and the cases are ordered by network."""
    with open(layout_file, encoding="utf-8") as file:
        layout = json.load(file)
    backbone, role = name.split("_")
    built = build_affinity_net(backbone) if role == "aff" else build_classifier(backbone, layout["fc8.weight"][0])
    weights = synthetic_state_dict(layout, seed)
    for entry, factor in scaling:
        weights[entry] = weights[entry] * np.float32(factor)
    built.load_state_dict({to_own_name(entry): torch.from_numpy(value) for entry, value in weights.items()})
    built.freeze()
    return built.eval()


def network_input(case: Case, image_HW3: np.ndarray) -> torch.Tensor:
    """The normalised input (1, 3, H, W) of the case's network."""
    return torch.from_numpy(network(case).normalisation(image_HW3))[None]
