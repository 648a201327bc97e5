"""Class activation maps summed over scales and mirroring (PSA, Ahn & Kwak, CVPR 2018; IRN, Ahn et al., CVPR 2019)."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.scales import bounded_scales, scaled_images
from wsss_core.checkpoints.store import load_network
from wsss_core.data.images import read_image
from wsss_core.networks.network import TagClassifier
from wsss_core.networks.precision import Precision, as_input, inference
from wsss_core.settings.cams import Canvas, MultiscaleCamsSettings
from wsss_core.stages.context import Processor, StageContext

ARCHITECTURES_ON_CELLS = ("irn",)
"""Classifiers whose published maps are enlarged to whole cells of the network's grid and then cut to the image."""

CamFunction = Callable[[torch.Tensor], torch.Tensor]
"""Normalised images (B, 3, H, W) float32 -> class maps (B, C, h, w) >= 0; channel c belongs to label id c+1."""

Normalise = Callable[[np.ndarray], np.ndarray]
"""Image uint8 RGB (H, W, 3) -> network input float32 (3, H, W)."""


def class_activation_grids(
    network_cam: CamFunction,
    image_HW3: np.ndarray,
    scales: Sequence[float],
    normalise: Normalise,
    class_ids: Sequence[int],
    mirror: bool = True,
    device: str = "cpu",
    precision: Precision = "float32",
) -> list[np.ndarray]:
    """One float32 array (K, h, w) per scale: the maps of the tagged classes at the network's grid, image plus mirror.

    PSA enlarges the map of the image and of its mirror to image size, mirrors one back and adds; IRN adds first.
    Bilinear enlargement with half-pixel centres commutes with mirroring and is linear, so the sum is taken on the grid,
    where it costs nothing and can be stored; only the scales have grids of different sizes and are enlarged one by one
    (`CamRow.scores`). Image and mirror run as one batch. Without classes no network runs: arrays (0, 1, 1).
    """
    if not class_ids:
        return [np.zeros((0, 1, 1), np.float32) for _ in scales]
    channels = torch.as_tensor([label - 1 for label in class_ids], device=device)
    grids = []
    for scaled in scaled_images(image_HW3, scales):
        image = torch.from_numpy(np.ascontiguousarray(normalise(scaled)))
        batch = torch.stack([image, image.flip(-1)]) if mirror else image[None]
        with inference(precision, device):
            maps_BKhw = network_cam(as_input(batch, device))[:, channels].float()
            total_Khw = maps_BKhw[0] + maps_BKhw[1].flip(-1) if mirror else maps_BKhw[0]
        grids.append(total_Khw.cpu().numpy())
    return grids


def canvas_of(size_hw: tuple[int, int], canvas: Canvas, stride: int) -> tuple[int, int]:
    """Height and width in pixels that the grids span: those of the image, or the next multiples of `stride`."""
    if canvas == "image":
        return size_hw
    height, width = (-(-side // stride) * stride for side in size_hw)
    return height, width


def processor(context: StageContext) -> Processor:
    """Makes the `CamRow` of one image: the maps of its tags, normalised per class when they are read."""
    settings = context.typed_settings(MultiscaleCamsSettings)
    network, card = load_network(context.inputs["classifier"], context.device)
    if not isinstance(network, TagClassifier):
        raise TypeError(f"expected a classifier in {context.inputs['classifier']}, found {type(network).__name__}")
    canvas = settings.canvas or ("cells" if card.architecture in ARCHITECTURES_ON_CELLS else "image")

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        image_HW3 = read_image(record.file)
        size_hw = (image_HW3.shape[0], image_HW3.shape[1])
        grids = class_activation_grids(
            network.cam,
            image_HW3,
            bounded_scales(settings.scales, size_hw, settings.max_pixels),
            card.normalisation,
            record.tags,
            settings.mirror,
            context.device,
            settings.precision,
        )
        class_ids = np.asarray(record.tags, np.int32)
        canvas_hw = canvas_of(size_hw, canvas, network.stride)
        return CamRow(record.image_id, size_hw, class_ids, tuple(grids), canvas_hw, normalise=True)

    return process
