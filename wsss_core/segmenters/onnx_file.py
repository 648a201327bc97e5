"""A segmentation network as an ONNX file that takes photographs of any size and needs nothing of this project.

Input `image` uint8 RGB (1, H, W, 3); output `probabilities` float32 (1, K, H, W), as `photograph_network` has them.
Every operator is one of ONNX's own.
"""

import importlib
import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wsss_core.artifacts.atomic import atomic_output
from wsss_core.checkpoints.card import NetworkCard
from wsss_core.networks.mask2former import Mask2Former
from wsss_core.networks.network import Network
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.onnx_layers import exportable
from wsss_core.segmenters.photograph_network import PhotographNetwork
from wsss_core.settings.one_stage import OneStagePredictionsSettings

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
SMALLEST_SIDE, LARGEST_SIDE = 32, 8192
EXAMPLE_HW = (97, 131)
CHECKED_HW = ((97, 131), (64, 160), (133, 75))
"""Sizes at which the file must give what the network gives: that of the export and others, odd ones among them."""
LARGEST_DIFFERENCE = 1e-4
"""Of probabilities, between the file and the network: sums in another order."""
LARGEST_DIFFERENCE_OF_QUERIES = 1e-2
"""The same for Mask2Former, whose layers look where the masks of the layer before are above a half: a sum in another
order may turn a cell over."""
LOOK_OF_QUERIES_HW = (512, 512)
"""Mask2Former cuts its input into windows, which is written down for one size: that of the published crops."""
_ERRORS_ONLY = 3


def look_size(network: Network, wanted_hw: tuple[int, int] | None) -> tuple[int, int] | None:
    """Size at which the file looks at every photograph; None: at the photograph's own."""
    return wanted_hw or (LOOK_OF_QUERIES_HW if isinstance(network, Mask2Former) else None)


def write_onnx(
    network: Network,
    card: NetworkCard,
    path: Path,
    one_stage: OneStagePredictionsSettings | None = None,
    look_hw: tuple[int, int] | None = None,
) -> float:
    """Write the file, once it gives what the network gives; the largest difference of a probability.

    `one_stage` and `look_hw`: see `PhotographNetwork` and `look_size`. Raises `ValueError` for networks that do not
    score the classes of pixels, `ModuleNotFoundError` without the packages, and `ArithmeticError` when the file
    computes something else.
    """
    if not isinstance(network, SegmentationNetwork):
        raise ValueError(
            f"expected a network that scores the classes of pixels (a segmenter), found a {card.role} "
            f"({card.architecture or type(network).__name__}), which cannot be written as ONNX"
        )
    _require_packages()
    look_hw = look_size(network, look_hw)
    whole = PhotographNetwork(network.cpu(), card, one_stage, look_hw).eval()
    written = PhotographNetwork(exportable(network), card, one_stage, look_hw).eval()
    allowed = LARGEST_DIFFERENCE_OF_QUERIES if isinstance(network, Mask2Former) else LARGEST_DIFFERENCE
    with atomic_output(path) as temporary:
        _export(written, temporary)
        _describe(temporary, card)
        difference = _largest_difference(whole, temporary)
        if not difference <= allowed:
            raise ArithmeticError(
                f"{path}: expected the probabilities of the network to {allowed}, found a difference of "
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
        program = torch.onnx.export(
            whole,
            (example,),
            input_names=["image"],
            output_names=["probabilities"],
            dynamic_shapes={"image": sides},
            dynamo=True,
            verbose=False,
            optimize=False,  # its rules lose the names of some nodes; runtimes optimise anyway
        )
        assert program is not None  # it is, with dynamo
        program.save(str(path), external_data=False)


def _describe(path: Path | str, card: NetworkCard) -> None:
    """Class names by label id into the file's metadata, so that it explains itself."""
    onnx: Any = importlib.import_module("onnx")
    model = onnx.load(str(path))
    about = {"classes": json.dumps(["background", *card.classes], ensure_ascii=False), "made_by": "wsss"}
    onnx.helper.set_model_props(model, about)
    onnx.save(model, str(path))


def _largest_difference(whole: PhotographNetwork, path: Path | str) -> float:
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(0)
    differences = []
    for size_hw in CHECKED_HW:
        image = generator.integers(0, 256, (1, *size_hw, 3), np.uint8)
        [found] = session.run(None, {"image": image})
        with torch.inference_mode():
            expected = whole(torch.from_numpy(image)).numpy()
        differences.append(float(np.abs(found - expected).max()))
    return max(differences)
