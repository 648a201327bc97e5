"""Multi-scale CAMs of PSA: summed grids of the tagged classes against eight full-size maps of all classes.

Baseline (the public code of PSA): each of the 8 inputs alone, all 20 maps enlarged to image size, times the tag vector,
mirrored back, summed, divided by the maximum. Once with a network, once with everything but the network.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from benchmarks.pictures import SIZE_HW, picture
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.cams import CamRow
from wsss_core.cams.multiscale import CamFunction, Normalise, class_activation_grids
from wsss_core.cams.scales import scaled_images
from wsss_core.networks.factory import build_classifier

SCALES = (1.0, 0.5, 1.5, 2.0)
TAGS = (3, 15)
CLASSES = 20
NETWORK_SIZE_HW = (188, 250)
TOLERANCE = 1e-4


def published_cams(network_cam: CamFunction, image_HW3: np.ndarray, normalise: Normalise) -> np.ndarray:
    """The published computation; scores (2, H, W) of the tagged classes."""
    size_hw = image_HW3.shape[:2]
    tags = np.zeros((CLASSES, 1, 1), np.float32)
    tags[[label - 1 for label in TAGS]] = 1
    maps = []
    for scaled in scaled_images(image_HW3, SCALES):
        for mirrored in (False, True):
            array = normalise(scaled)
            image = torch.from_numpy(array[:, :, ::-1].copy() if mirrored else array)[None]
            with torch.inference_mode():
                cam = network_cam(image)
                large = functional.interpolate(cam, size_hw, mode="bilinear", align_corners=False)[0].numpy() * tags
            maps.append(large[:, :, ::-1] if mirrored else large)
    total = np.sum(maps, axis=0)
    normalised = total / (total.max(axis=(1, 2), keepdims=True) + 1e-5)
    return normalised[[label - 1 for label in TAGS]]


def our_cams(network_cam: CamFunction, image_HW3: np.ndarray, normalise: Normalise) -> np.ndarray:
    """Grids as the stage stores them, then the scores as the next stage reads them."""
    size_hw = (image_HW3.shape[0], image_HW3.shape[1])
    grids = class_activation_grids(network_cam, image_HW3, SCALES, normalise, TAGS)
    return CamRow("a", size_hw, np.array(TAGS, np.int32), tuple(grids), canvas_hw=size_hw, normalise=True).scores()


def stored_maps(size_hw: tuple[int, int]) -> CamFunction:
    """A network that costs nothing: maps made beforehand for every input size."""
    generator = torch.Generator().manual_seed(0)
    stored: dict[tuple[int, int], torch.Tensor] = {}

    def network_cam(images_B3HW: torch.Tensor) -> torch.Tensor:
        height, width = images_B3HW.shape[2:]
        if (height, width) not in stored:
            stored[height, width] = torch.rand(1, CLASSES, -(-height // 8), -(-width // 8), generator=generator)
        return stored[height, width].expand(len(images_B3HW), -1, -1, -1)

    return network_cam


def compare(network_cam: CamFunction, image_HW3: np.ndarray, normalise: Normalise, repeats: int) -> tuple[float, float]:
    """Milliseconds of both ways, after checking that they agree."""

    def timed(function: Callable[[CamFunction, np.ndarray, Normalise], np.ndarray]) -> tuple[float, np.ndarray]:
        return best_time_ms(lambda: function(network_cam, image_HW3, normalise), repeats)

    published_ms, expected = timed(published_cams)
    our_ms, scores = timed(our_cams)
    assert np.abs(scores - expected).max() <= TOLERANCE, "both ways must give the same scores"
    return published_ms, our_ms


def run() -> list[Comparison]:
    """With a VGG16 and without any network."""
    torch.manual_seed(0)
    network = build_classifier("vgg16", CLASSES).eval()
    whole = compare(network.cam, picture(1, NETWORK_SIZE_HW), network.normalisation, repeats=2)
    rest = compare(stored_maps(SIZE_HW), picture(2), network.normalisation, repeats=3)
    return [
        Comparison(
            "CAM stage with VGG16, 8 inputs", f"{NETWORK_SIZE_HW[0]}x{NETWORK_SIZE_HW[1]}, 2 tags", "ms", *whole
        ),
        Comparison("CAM stage without the network", f"{SIZE_HW[0]}x{SIZE_HW[1]}, 2 tags", "ms", *rest),
    ]
