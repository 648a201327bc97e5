"""Non-maximum suppression of boxes, with torchvision's operator where it works and the same rule in torch elsewhere."""

import torch

from wsss_core.networks import torchvision_models


def nms(boxes_N4: torch.Tensor, scores_N: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Keep the best of each bunch of overlapping boxes, as `torchvision.ops.nms` does.

    Boxes are taken by falling score (equal scores in the given order); a box goes when its intersection over union with
    a kept one is above the threshold (strictly).

    Args:
        boxes_N4: float (N, 4), corners x0, y0, x1, y1 in pixels.
        scores_N: float (N,).
        iou_threshold: in 0..1.

    Returns:
        int64 indices of the kept boxes, by falling score.

    Raises:
        ValueError: the shapes do not belong together.
    """
    if boxes_N4.ndim != 2 or boxes_N4.shape[1] != 4 or scores_N.shape != boxes_N4.shape[:1]:
        raise ValueError(
            f"nms needs boxes (N, 4) and scores (N,), found {tuple(boxes_N4.shape)} and {tuple(scores_N.shape)}"
        )
    if torchvision_models.has_binary_operators():
        kept: torch.Tensor = torchvision_models.ops.nms(boxes_N4, scores_N, iou_threshold)
        return kept
    return nms_in_torch(boxes_N4, scores_N, iou_threshold)


def nms_in_torch(boxes_N4: torch.Tensor, scores_N: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """`nms` without a compiled operator; same arguments and result. O(kept · N) time, O(N) memory."""
    order = torch.argsort(scores_N, descending=True, stable=True)
    boxes = boxes_N4[order]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for index in range(len(boxes)):
        if not alive[index]:
            continue
        rest = boxes[index + 1 :]
        corner_min = torch.maximum(boxes[index, :2], rest[:, :2])
        corner_max = torch.minimum(boxes[index, 2:], rest[:, 2:])
        intersection = (corner_max - corner_min).clamp(min=0).prod(dim=1)
        iou = intersection / (area[index] + area[index + 1 :] - intersection)
        # The comparison is false for 0/0 (boxes without area), so those stay, as in torchvision.
        alive[index + 1 :] &= ~(iou > iou_threshold)
    return order[alive]
