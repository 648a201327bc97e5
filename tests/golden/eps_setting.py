"""What the cases of EPS and of its DeepLab stage are made of: the recipes in their texts, and networks."""

import json
import re
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import torch
from golden.cases import Case
from golden.synthetic import synthetic_image, synthetic_input, synthetic_state_dict
from torch.nn import functional

from wsss_core.checkpoints.deeplab_layout import to_own_name as deeplab_name
from wsss_core.checkpoints.psa_layout import to_own_name as psa_name
from wsss_core.networks.factory import build_classifier, build_segmenter
from wsss_core.networks.network import Network
from wsss_core.networks.normalisation import CAFFE_BGR

IGNORE = 255
NUMBER = r"(\d+(?:\.\d+)?(?:e-?\d+)?)"


def number(text: str, pattern: str) -> float:
    """The number in a text at the place of `#` in a pattern (a regular expression otherwise)."""
    found = re.search(pattern.replace("#", NUMBER), text)
    assert found is not None, f"expected {pattern!r} in {text!r}"
    return float(found[1])


def numbers(text: str) -> list[int]:
    """All whole numbers of a text."""
    return [int(found) for found in re.findall(r"\d+", text)]


def call_arguments(text: str, function: str) -> list[int]:
    """The whole numbers in the first call of a function with plain numbers in a text, as in `bgr(65,81,1)`; the base
    of a sum counts, as in `bgr(65,65,1+b)`."""
    for found in re.findall(rf"\b{function}\(([^()]*)\)", text):
        arguments = [re.match(r"\s*(\d+)", part) for part in found.split(",")]
        if all(argument is not None for argument in arguments):
            return [int(argument[1]) for argument in arguments if argument is not None]
    raise AssertionError(f"expected a call of {function!r} with numbers in {text!r}")


def normal_input(text: str) -> np.ndarray:
    """The array of the first `synthetic_input('name', (shape), seed)` in a text."""
    found = re.search(r"synthetic_input\('([^']+)',\s*\(([\d, ]+)\),\s*(\d+)\)", text)
    assert found is not None, f"expected a synthetic_input in {text!r}"
    return synthetic_input(found[1], tuple(numbers(found[2])), int(found[3]))


def picture(text: str) -> np.ndarray:
    """The uint8 RGB image (H, W, 3) of the first `synthetic_image(h,w,seed)` with numbers in a text."""
    height, width, seed = call_arguments(text, "synthetic_image")
    return synthetic_image(height, width, seed)


def caffe_inputs(text: str) -> torch.Tensor:
    """The normalised images (B, 3, H, W) of `x = bgr(h,w,seed)[None]` or `x = stack of bgr(h,w,seed+b), b<n`."""
    height, width, seed = call_arguments(text, "bgr")
    count = int(number(text, "b<#")) if "stack of bgr" in text else 1
    images = [CAFFE_BGR(synthetic_image(height, width, seed + index)) for index in range(count)]
    return torch.from_numpy(np.stack(images))


def saliency_maps(text: str, count: int) -> torch.Tensor:
    """Saliency (B, 1, H, W) in 0..1 of `saliency(h,w,seed+b)`, as many as asked for."""
    height, width, seed = call_arguments(text, "saliency")
    maps = [synthetic_image(height, width, seed + index).astype(np.float32).mean(axis=2) for index in range(count)]
    return torch.from_numpy(np.stack(maps)[:, None] / np.float32(255))


def label_map(name: str, shape: tuple[int, int], classes: int, seed: int, ignore: bool = True) -> np.ndarray:
    """The recipe `label_map` of the set: uint8 labels below `classes`, 255 here and there."""
    label_HW = (np.floor(np.abs(synthetic_input(name, shape, seed)) * 10) % classes).astype(np.uint8)
    if ignore:
        label_HW[np.abs(synthetic_input(f"{name}:ignore", shape, seed)) > 1.8] = IGNORE
    return label_HW


def smooth_probabilities(name: str, channels: int, size_hw: tuple[int, int], seed: int, gain: float) -> np.ndarray:
    """The recipe `smooth_probs` of the set: float32 (K, H, W), summing to 1 over K."""
    coarse = (1, channels, max(2, size_hw[0] // 8), max(2, size_hw[1] // 8))
    logits = torch.from_numpy(gain * synthetic_input(name, coarse, seed))
    return functional.interpolate(logits, size_hw, mode="bilinear", align_corners=False).softmax(dim=1)[0].numpy()


def tag_matrix(text: str, classes: int) -> torch.Tensor:
    """Tags (B, C) in {0, 1} of `labels [[3, 14], [7]]`, whose numbers do not count the background."""
    found = re.search(r"labels \[(\[.*?\])\]", text)
    assert found is not None, f"expected labels in {text!r}"
    rows = [numbers(row) for row in re.findall(r"\[([\d, ]*)\]", found[1])]
    tags_BC = torch.zeros(len(rows), classes)
    for row, labels in enumerate(rows):
        tags_BC[row, labels] = 1
    return tags_BC


def layout(case: Case) -> dict[str, list[int]]:
    """Names and shapes of the case's network."""
    with open(case.side_file(case.spec["layout"]), encoding="utf-8") as file:
        content: dict[str, list[int]] = json.load(file)
    return content


def network(case: Case) -> Network:
    """The network of the case in evaluation mode with its synthetic weights; nothing is frozen."""
    return _network(case.spec["network"], str(case.side_file(case.spec["layout"])), case.spec["weights"])


@lru_cache(maxsize=1)
def _network(name: str, layout_file: str, weights: str) -> Network:
    """One network is kept: building one takes longer than most cases."""
    with open(layout_file, encoding="utf-8") as file:
        shapes = json.load(file)
    build, own_name = NETWORKS[name]
    seed = call_arguments(weights.replace("layout", "0"), "synthetic_state_dict")[1]
    state = scaled_weights(synthetic_state_dict(shapes, seed), weights)
    built = build(shapes)
    built.load_state_dict({own_name(entry): torch.from_numpy(value) for entry, value in state.items()})
    return built.eval()


def scaled_weights(state: dict[str, np.ndarray], text: str) -> dict[str, np.ndarray]:
    """The weights after `then every <pattern> multiplied by 2**-8` or `then <name> multiplied by 4`."""
    found = re.search(r"then (?:every )?(\S+) multiplied by (\d+)(?:\*\*(-?\d+))?", text)
    if found is None:
        return state
    factor = np.float32(float(found[2]) ** float(found[3] or 1))
    pattern = re.sub(r"<\w+>", r"\\d+", found[1].replace(".", r"\."))
    chosen = {entry for entry in state if re.fullmatch(pattern, entry)}
    assert chosen, f"no entry is called {found[1]!r}"
    return {entry: value * factor if entry in chosen else value for entry, value in state.items()}


Layout = dict[str, list[int]]
NETWORKS: dict[str, tuple[Callable[[Layout], Network], Callable[[str], str]]] = {
    "resnet38_cls": (lambda shapes: build_classifier("resnet38", shapes["fc8.weight"][0]), psa_name),
    "resnet38_eps": (lambda shapes: build_classifier("resnet38", shapes["fc8.weight"][0] - 1, "eps"), psa_name),
    "deeplabv2_resnet101_msc": (
        lambda shapes: build_segmenter("deeplab_v2", "resnet101_caffe", shapes["base.aspp.c0.weight"][0]),
        deeplab_name,
    ),
    "deeplab_largefov_vgg16": (
        lambda shapes: build_segmenter("deeplab_v1", "vgg16", shapes["fc8_voc12.weight"][0]),
        psa_name,
    ),
}
"""Network of a case -> how it is built from its layout, and how its entries are called here."""


def sampled(case: Case, name: str, array: np.ndarray) -> np.ndarray:
    """The part of an array that was recorded under a name: `[:, ::16, ::2, ::2]`, `every 64th channel` or `same stride`
    (as the first array of the case) in what the case says about it."""
    outputs = case.spec["outputs"]
    meaning = outputs[name]["meaning"] or ""
    if "same stride" in meaning:
        meaning = next(iter(outputs.values()))["meaning"]
    if found := re.search(r"every (\d+)(?:st|nd|rd|th) channel", meaning):
        return array[:, :: int(found[1])]
    if found := re.search(r"\[((?:\s*(?::{1,2}\d*|\d+)\s*,?)+)\]", meaning):
        return array[tuple(map(_index, found[1].split(",")))]
    return array


def _index(text: str) -> slice | int:
    """`:`, `::2` or a number."""
    text = text.strip()
    return slice(None, None, int(text.lstrip(":") or 1)) if text.startswith(":") else int(text)


def enlarged(logits_BKhw: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Bilinear enlargement over the whole image, as the port of DeepLab does it."""
    return functional.interpolate(logits_BKhw, size_hw, mode="bilinear", align_corners=False)


def block_repeat(array_hw: np.ndarray, factor: int) -> np.ndarray:
    """Every entry as a square of `factor` x `factor`."""
    return np.kron(array_hw, np.ones((factor, factor), array_hw.dtype))


def resized(map_hw: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Bilinear enlargement of one map."""
    return cv2.resize(map_hw, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
