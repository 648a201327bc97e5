"""Saliency by U²-Net (Qin et al., Pattern Recognition 2020)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.saliency import SaliencyRow
from wsss_core.checkpoints.reading import read_state
from wsss_core.checkpoints.u2net_layout import build_fitting
from wsss_core.data.images import read_image
from wsss_core.networks.normalisation import IMAGENET_RGB
from wsss_core.networks.precision import Precision, as_input, inference
from wsss_core.networks.u2net import U2Net
from wsss_core.settings.paths import where_it_leads
from wsss_core.settings.saliency import U2NetSettings
from wsss_core.stages.context import Processor, StageContext

SALIENT = 255


def load_u2net(path: Path) -> U2Net:
    """The network of a published file, ready for inference on the CPU.

    Raises `FileNotFoundError` (with what to fetch) or `ValueError` (unreadable, or weights of another network).
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the weights of U²-Net at {where_it_leads(path)}, found no such file. Fetch `u2net.pth` or the "
            "small `u2netp.pth` of the GitHub repository xuebinqin/U-2-Net (Apache-2.0), or the same as ONNX from "
            "danielgatis/rembg, and put it there or correct the setting `weights`"
        )
    state = read_state(path)
    try:
        return build_fitting(state)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def network_input(image_HW3: np.ndarray, side: int) -> np.ndarray:
    """Float32 (3, side, side) of an image uint8 RGB (H, W, 3): a square, divided by its largest value, normalised.

    Published with skimage's bilinear resize; here Pillow's, antialiased like it.
    """
    square = np.asarray(Image.fromarray(image_HW3).resize((side, side), Image.Resampling.BILINEAR), np.float32)
    return IMAGENET_RGB(square * (SALIENT / max(float(square.max()), 1.0)))


def rescaled(map_hw: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Uint8 (H, W): a float map stretched over 0..255 by its own smallest and largest value, then resized.

    A constant map, which shows nothing, becomes 0.
    """
    low, high = float(map_hw.min()), float(map_hw.max())
    stretched = (map_hw - low) / (high - low) * SALIENT if high > low else np.zeros_like(map_hw)
    picture = Image.fromarray(np.rint(stretched).astype(np.uint8))
    return np.asarray(picture.resize(size_hw[::-1], Image.Resampling.BILINEAR)).copy()


def u2net_saliency(network: U2Net, image_HW3: np.ndarray, side: int, device: str, precision: Precision) -> np.ndarray:
    """Saliency uint8 (H, W) of an image uint8 RGB (H, W, 3)."""
    batch = torch.from_numpy(network_input(image_HW3, side))[None]
    with inference(precision, device):
        map_hw = network(as_input(batch, device))[0, 0].float().cpu().numpy()
    return rescaled(map_hw, (image_HW3.shape[0], image_HW3.shape[1]))


def processor(context: StageContext) -> Processor:
    """Loads the network once; then one map per image."""
    settings = context.typed_settings(U2NetSettings)
    network = load_u2net(Path(settings.weights).expanduser()).to(context.device)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> SaliencyRow:
        image_HW3 = read_image(record.file)
        map_HW = u2net_saliency(network, image_HW3, settings.side, context.device, settings.precision)
        return SaliencyRow(record.image_id, map_HW)

    return process
