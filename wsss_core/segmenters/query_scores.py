"""From the answers of Mask2Former's queries to class scores at image size (FMA-WSSS, WACV 2024, stage II).

The image is resized into `long_side` x `short_side`, masks are enlarged to that size before their sigmoid is taken, and
the class scores are enlarged to the image.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch.nn import functional

from wsss_core.networks.mask2former import Mask2Former, class_scores
from wsss_core.networks.normalisation import Normalisation
from wsss_core.networks.precision import Precision, inference


def size_within(size_hw: tuple[int, int], long_side: float, short_side: float) -> tuple[int, int]:
    """Height and width of an image resized, sides in proportion, as large as fits into `long_side` x `short_side`."""
    factor = min(long_side / max(size_hw), short_side / min(size_hw))
    height, width = (max(1, int(side * factor + 0.5)) for side in size_hw)
    return height, width


def resized_within(image_HW3: np.ndarray, long_side: float, short_side: float) -> np.ndarray:
    """Image uint8 RGB of `size_within`, bilinear without antialiasing, as mmsegmentation resizes."""
    height, width = size_within((image_HW3.shape[0], image_HW3.shape[1]), long_side, short_side)
    return cv2.resize(image_HW3, (width, height), interpolation=cv2.INTER_LINEAR)


def input_scores(network: Mask2Former, image_B3HW: torch.Tensor) -> torch.Tensor:
    """Class scores (B, K, H, W) float32 of normalised images, at their size."""
    answers = network.answers(image_B3HW)
    masks_BQHW = functional.interpolate(
        answers.mask_logits[-1].float(), size=image_B3HW.shape[2:], mode="bilinear", align_corners=False
    )
    return class_scores(answers.class_logits[-1], masks_BQHW)


def query_scores(
    network: Mask2Former,
    normalise: Normalisation,
    image_HW3: np.ndarray,
    long_side: int = 2048,
    short_side: int = 512,
    scales: Sequence[float] = (1.0,),
    mirror: bool = False,
    precision: Precision = "float32",
) -> np.ndarray:
    """Mean class scores (K, H, W) float32 of an image uint8 RGB (H, W, 3) over scales and mirror images.

    `network` is in evaluation mode; its device is used. Scores are at least 0; they need not sum to 1 over the classes.
    """
    device = next(network.parameters()).device
    total_KHW = torch.zeros(network.classes, *image_HW3.shape[:2], device=device)
    for scale in scales:
        scaled_HW3 = resized_within(image_HW3, scale * long_side, scale * short_side)
        image_13HW = torch.from_numpy(normalise(scaled_HW3))[None].to(device)
        for flipped in (False, True)[: 1 + mirror]:
            with inference(precision, str(device)):
                scores_1KHW = input_scores(network, image_13HW.flip(-1) if flipped else image_13HW)
            scores_1KHW = scores_1KHW.flip(-1) if flipped else scores_1KHW
            total_KHW += functional.interpolate(
                scores_1KHW, size=image_HW3.shape[:2], mode="bilinear", align_corners=False
            )[0]
    return (total_KHW / (len(scales) * (1 + mirror))).cpu().numpy()
