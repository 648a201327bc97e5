"""Refines class activation maps by a random walk over learned affinities (PSA, Ahn & Kwak, CVPR 2018, section 3.3)."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from wsss_core.affinity.label_fusion import STRIDE, block_mean
from wsss_core.affinity.pairs import RADIUS, pair_affinity
from wsss_core.affinity.transition import pair_links, transition_matrix, walk
from wsss_core.artifacts.cams import CamRow, canvas_at
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background, power_background
from wsss_core.cams.scales import bounded_image
from wsss_core.checkpoints.store import load_network
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND
from wsss_core.networks.precision import as_input, inference
from wsss_core.settings.refined_cams import RandomWalkSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def padded_hw(size_hw: tuple[int, int], stride: int = STRIDE) -> tuple[int, int]:
    """The size filled up at the bottom and right to multiples of the network stride."""
    return -(-size_hw[0] // stride) * stride, -(-size_hw[1] // stride) * stride


def padded_input(image_3HW: np.ndarray, stride: int = STRIDE) -> np.ndarray:
    """A normalised image (3, H, W) float32 with zeros (mean colour) at the bottom and right up to `padded_hw`."""
    height, width = padded_hw((image_3HW.shape[1], image_3HW.shape[2]), stride)
    return np.pad(image_3HW, ((0, 0), (0, height - image_3HW.shape[1]), (0, width - image_3HW.shape[2])))


def start_scores(
    scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, alpha: float, stride: int = STRIDE
) -> np.ndarray:
    """What the walk starts from: (C+1, h, w) float32 at 1/stride of the image size, background first.

    `scores_KHW` are class scores in [0, 1] at image size, one channel per class id. The background (1 - max)^alpha is
    taken at image size, unless the scores bring their own (id 0 first). Then all channels, the background too, are
    filled with zeros to multiples of the network's stride and averaged over blocks of that size (PSA: 8x8).
    """
    if not has_own_background(class_ids):
        scores_KHW = np.concatenate([power_background(scores_KHW, alpha)[None], scores_KHW])
    return block_mean(scores_KHW, stride)


def refined_grid(
    start_Khw: np.ndarray, features_Dhw: torch.Tensor, beta: float, steps: int, radius: int = RADIUS
) -> np.ndarray:
    """Scores (K, h, w) float32 after the walk, on the grid of the padded image.

    `start_Khw`: see `start_scores`; only the tagged classes, as the others would walk from zero to zero.
    `features_Dhw`: features of the affinity network for the padded image. Any size works; where the grid is too
    small for a pair (below 33x65 pixels at radius 5) the scores stay as they start.
    """
    grid_hw = (int(features_Dhw.shape[1]), int(features_Dhw.shape[2]))
    if start_Khw.shape[1:] != grid_hw:
        raise ValueError(
            f"expected features on the grid {start_Khw.shape[1:]} of the padded image, found {grid_hw}: "
            "pad the network input with `padded_input`"
        )
    with torch.inference_mode():
        affinity_Pn = pair_affinity(features_Dhw[None].float(), radius)[0].cpu().numpy()
    transition = transition_matrix(pair_links(affinity_Pn, grid_hw, radius), grid_hw, radius, beta)
    return walk(start_Khw.reshape(len(start_Khw), -1), transition, steps).reshape(start_Khw.shape)


def processor(context: StageContext) -> Processor:
    """Makes the refined `CamRow` of one image, which has a background channel of its own."""
    settings = context.typed_settings(RandomWalkSettings)
    network, card = load_network(context.inputs["affinity"], context.device)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        row = typed_row(rows, "cams", CamRow)
        image_HW3 = bounded_image(read_image(record.file), settings.max_pixels)
        walked_hw = (image_HW3.shape[0], image_HW3.shape[1])
        image_3HW = padded_input(card.normalisation(image_HW3), network.stride)
        with inference(settings.precision, context.device):
            features_Dhw = network(as_input(torch.from_numpy(image_3HW)[None], context.device))[0]
        scores_KHW = row.scores() if walked_hw == row.size_hw else row.scores_on(walked_hw)
        start_Khw = start_scores(scores_KHW, row.class_ids, settings.alpha, network.stride)
        grid_Khw = refined_grid(start_Khw, features_Dhw, settings.beta, 2**settings.log2_steps)
        foreground_ids = [label for label in row.class_ids if label != BACKGROUND]
        class_ids = np.asarray([BACKGROUND, *foreground_ids], np.int32)
        canvas_hw = canvas_at(row.size_hw, walked_hw, padded_hw(walked_hw, network.stride))
        return CamRow(row.image_id, row.size_hw, class_ids, (grid_Khw,), canvas_hw, normalise=False)

    return process
