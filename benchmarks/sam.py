"""Automatic masks of one photograph by MobileSAM: what lies around the network, and the network with it.

Baseline (Segment Anything and the public code of FMA-WSSS, WACV 2024): all masks of a batch of points are drawn,
enlarged to the padded square, cut and enlarged again to the image; thresholds, boxes and run lengths of every mask that
passes come before any suppression. Weights are random, scaled so that masks differ, and the threshold passes every
third of them, about as many as on a photograph: time does not depend on what the masks show.
"""

import numpy as np
import torch
from torch.nn import functional

from benchmarks.masks import plain_containment, plain_mending
from benchmarks.pictures import picture
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.artifacts.rle import decode_masks
from wsss_core.networks.sam.mask_decoder import POINT_MASKS
from wsss_core.networks.sam.prompt_encoder import FOREGROUND
from wsss_core.networks.sam.sam import Sam, build_mobile_sam, for_inference
from wsss_core.regions.crop_masks import padded_image
from wsss_core.regions.enlarge import resized_size
from wsss_core.regions.mask_filter import best_of_overlapping, mask_boxes
from wsss_core.regions.mask_generator import MaskGenerator
from wsss_core.regions.point_grid import unit_grid
from wsss_core.regions.stability import stability_score
from wsss_core.settings.regions import SamSettings

SIZE_HW = (375, 500)
POINTS_PER_SIDE = 8
POINTS_TOGETHER = 64
PASSING_SHARE = 1 / 3


def scaled_random_network() -> Sam:
    """MobileSAM with random weights whose masks depend on the point."""
    torch.manual_seed(1)
    network = build_mobile_sam()
    for name, value in network.mask_decoder.named_parameters():
        if name.endswith("_proj.weight"):
            value.data *= 4
    for pen in network.mask_decoder.output_hypernetworks_mlps:
        pen.layers[-1].weight.data *= 3
        pen.layers[-1].bias.data -= 0.05
    return for_inference(network)


def answers(network: Sam, image_HW3: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Predicted IoU (P, 3) and logits (P, 3, h, w) of the whole padded square, for all points."""
    side = network.prepare(network.encode(padded_image(image_HW3, network.image_side)))
    height, width = resized_size(SIZE_HW, network.image_side)
    points_P12 = (torch.from_numpy(unit_grid(POINTS_PER_SIDE)) * torch.tensor([width, height])).float()[:, None]
    iou, logits = [], []
    for batch in points_P12.split(POINTS_TOGETHER):
        labels = torch.full((len(batch), 1), FOREGROUND)
        decoded = network.mask_decoder(network.prompt_encoder.points(batch, labels), side)
        iou.append(decoded.iou_BM[:, POINT_MASKS])
        logits.append(network.mask_decoder.draw(decoded, network.grid_hw, POINT_MASKS))
    return torch.cat(iou), torch.cat(logits)


def plain_rle(mask_HW: np.ndarray) -> list[int]:
    """Uncompressed run lengths of one mask, as Segment Anything counts them."""
    flat = mask_HW.T.flatten()
    change = np.flatnonzero(flat[1:] ^ flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], change, [flat.size]])).tolist()
    return [0, *lengths] if flat[0] else lengths


def from_plain_rle(counts: list[int]) -> np.ndarray:
    """The mask again."""
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(SIZE_HW[::-1]).T


def plain_generator(network: Sam, image_HW3: np.ndarray, settings: SamSettings) -> np.ndarray:
    """Masks bool (R, H, W) the original's way, on the whole image."""
    iou_PM, logits_PMhw = answers(network, image_HW3)
    height, width = resized_size(SIZE_HW, network.image_side)
    square = (network.image_side,) * 2
    enlarged = functional.interpolate(logits_PMhw, square, mode="bilinear", align_corners=False)[..., :height, :width]
    logits_RHW = functional.interpolate(enlarged, SIZE_HW, mode="bilinear", align_corners=False).flatten(0, 1)
    level_R = torch.arange(3).repeat(len(iou_PM))
    iou_R = iou_PM.flatten()
    good_R = iou_R + torch.tensor(settings.threshold_offsets)[level_R] > settings.predicted_iou_threshold
    logits_RHW, iou_R, level_R = logits_RHW[good_R], iou_R[good_R], level_R[good_R]
    good_R = stability_score(logits_RHW, settings.stability_offset) >= settings.stability_threshold
    mask_RHW, iou_R, level_R = logits_RHW[good_R] > 0, iou_R[good_R], level_R[good_R]
    box_R4, codes = mask_boxes(mask_RHW), [plain_rle(mask_HW) for mask_HW in mask_RHW.numpy()]
    rank_R = iou_R + torch.tensor(settings.ranking_offsets)[level_R]
    chosen = best_of_overlapping(box_R4, rank_R, settings.box_nms_threshold)
    before = [from_plain_rle(codes[index]) for index in chosen]
    after = np.stack([plain_mending(mask_HW) for mask_HW in before])
    untouched_R = torch.tensor([bool((old == new).all()) for old, new in zip(before, after, strict=True)])
    tensors = torch.from_numpy(after)
    left = best_of_overlapping(mask_boxes(tensors), untouched_R, settings.box_nms_threshold)
    return after[left[plain_containment(tensors[left], level_R[chosen][left])]]


@torch.inference_mode()
def run() -> list[Comparison]:
    """Time per image; both ways must give the same masks, up to a pixel where a logit is zero."""
    network, image_HW3 = scaled_random_network(), picture(0, SIZE_HW)
    threshold = float(answers(network, image_HW3)[0].flatten().quantile(1 - PASSING_SHARE))
    settings = SamSettings(
        network="mobile_sam",
        points_per_side=POINTS_PER_SIDE,
        crop_layers=0,
        predicted_iou_threshold=min(1.0, max(0.001, threshold)),
        threshold_offsets=(0, 0, 0),
        stability_threshold=0.5,
        stability_offset=0.05,  # random logits are small
        box_nms_threshold=1,  # random masks all have the box of the image
        crop_nms_threshold=1,
    )
    generate = MaskGenerator(network, settings)
    plain_ms, expected = best_time_ms(lambda: plain_generator(network, image_HW3, settings), repeats=1)
    ours_ms, found = best_time_ms(lambda: generate(image_HW3), repeats=2)
    masks = decode_masks(found.rles, SIZE_HW)
    assert masks.shape == expected.shape, f"one way finds {len(masks)} masks, the other {len(expected)}"
    assert (masks != expected).mean() < 1e-4, "both ways draw other masks"
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {POINTS_PER_SIDE}x{POINTS_PER_SIDE} points"
    return [Comparison("masks of MobileSAM, network included", size, "ms", plain_ms, ours_ms)]
