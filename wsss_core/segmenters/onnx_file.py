"""A segmentation network as an ONNX file that takes photographs of any size and needs nothing of this project.

Input `image` uint8 RGB (1, H, W, 3); output `probabilities` float32 (1, K, H, W). Normalisation, enlargement and
softmax are in the graph. It looks once at the size given: scales, mirrors and the CRF of the predictions stage are not
in it.
"""

import importlib
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.network import Network
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.canvas import canvas_of
from wsss_core.segmenters.scores import enlarge

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
SMALLEST_SIDE, LARGEST_SIDE = 32, 8192
EXAMPLE_HW = (97, 131)
CHECKED_HW = ((97, 131), (64, 160), (133, 75))
"""Sizes at which the file must give what the network gives: that of the export and others, odd ones among them."""
LARGEST_DIFFERENCE = 1e-4
"""Of probabilities, between the file and the network: sums in another order."""


class PhotographNetwork(nn.Module):
    """The network between a photograph and probabilities at its size."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, network: Network, card: NetworkCard) -> None:
        super().__init__()
        self.network, self.canvas = network, canvas_of(card)
        rule = card.normalisation
        self.bgr, self.scale = rule.bgr, rule.scale
        self.register_buffer("mean", torch.tensor(rule.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(rule.std).view(1, 3, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Uint8 RGB (1, H, W, 3) to probabilities float32 (1, K, H, W)."""
        values_13HW = image.permute(0, 3, 1, 2).float()
        values_13HW = (values_13HW.flip(1) if self.bgr else values_13HW) * self.scale
        scores_1Khw = self.network((values_13HW - self.mean) / self.std)
        size_hw = (image.shape[1], image.shape[2])
        return enlarge(scores_1Khw, self.network.stride, size_hw, self.canvas).softmax(1)


def write_onnx(network: Network, card: NetworkCard, path: Path) -> float:
    """Write the file, once it gives what the network gives; the largest difference of a probability.

    Raises ValueError for networks that have no grid of scores, `ModuleNotFoundError` without the packages, and
    `ArithmeticError` when the file computes something else.
    """
    if not isinstance(network, SegmentationNetwork):
        raise ValueError(
            f"expected a network that scores the classes of a grid (deeplab_v1 and others), found "
            f"{card.architecture or type(network).__name__}, which cannot be written as ONNX"
        )
    _require_packages()
    whole = PhotographNetwork(network.cpu(), card).eval()
    with atomic_output(path) as temporary:
        _export(whole, temporary)
        _describe(temporary, card)
        difference = _largest_difference(whole, temporary)
        if difference > LARGEST_DIFFERENCE:
            raise ArithmeticError(
                f"{path}: expected the probabilities of the network to {LARGEST_DIFFERENCE}, found a difference of "
                f"{difference:.2g}; the file was not written. To do: report it, with the versions of onnx and torch."
            )
    return difference


def _require_packages() -> None:
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"ONNX files need the packages {', '.join(PACKAGES)}, not found: {', '.join(missing)}. To do: "
            "`pip install 'wsss[onnx]'`, in the checkout `pip install -e '.[onnx]'`."
        )


def _export(whole: PhotographNetwork, path: Path | str) -> None:
    sides = {1: torch.export.Dim("height", min=SMALLEST_SIDE, max=LARGEST_SIDE)}
    sides[2] = torch.export.Dim("width", min=SMALLEST_SIDE, max=LARGEST_SIDE)
    example = torch.zeros((1, *EXAMPLE_HW, 3), dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about PyTorch's own parts
        torch.onnx.export(
            whole,
            (example,),
            str(path),
            input_names=["image"],
            output_names=["probabilities"],
            dynamic_shapes={"image": sides},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _describe(path: Path | str, card: NetworkCard) -> None:
    """Class names by label id into the file's metadata, so that it explains itself."""
    onnx: Any = importlib.import_module("onnx")
    model = onnx.load(str(path))
    about = {"classes": json.dumps(["background", *card.classes], ensure_ascii=False), "made_by": "wsss"}
    onnx.helper.set_model_props(model, about)
    onnx.save(model, str(path))


def _largest_difference(whole: PhotographNetwork, path: Path | str) -> float:
    runtime: Any = importlib.import_module("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    differences = []
    for size_hw in CHECKED_HW:
        image = generator.integers(0, 256, (1, *size_hw, 3), np.uint8)
        [found] = session.run(None, {"image": image})
        with torch.inference_mode():
            expected = whole(torch.from_numpy(image)).numpy()
        differences.append(float(np.abs(found - expected).max()))
    return max(differences)
