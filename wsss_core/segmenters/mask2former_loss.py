"""Loss of Mask2Former (Cheng et al., CVPR 2022): queries are matched to the classes present, and masks are compared at
sampled points. The matching and the points are those of `transformers`."""

from collections.abc import Mapping

import torch
from torch import nn

from wsss_core.label_ids import IGNORE
from wsss_core.networks.mask2former import Answers
from wsss_core.networks.transformers_models import model_module

CLASS_WEIGHT, MASK_WEIGHT, DICE_WEIGHT, NOTHING_WEIGHT = 2.0, 5.0, 5.0, 0.1
_WEIGHTS = {"cross_entropy": CLASS_WEIGHT, "mask": MASK_WEIGHT, "dice": DICE_WEIGHT}


class QueryLoss(nn.Module):
    """Sum over the answers of all layers of 2 x cross entropy, 5 x binary cross entropy and 5 x dice of the masks."""

    def __init__(self, classes: int, points: int) -> None:
        """`classes`: K, background included; `points`: at which masks are compared."""
        super().__init__()
        config = model_module("mask2former.configuration_mask2former").Mask2FormerConfig(
            num_labels=classes,
            train_num_points=points,
            class_weight=CLASS_WEIGHT,
            mask_weight=MASK_WEIGHT,
            dice_weight=DICE_WEIGHT,
            no_object_weight=NOTHING_WEIGHT,
        )
        self.criterion = model_module("mask2former.modeling_mask2former").Mask2FormerLoss(config, _WEIGHTS)

    def forward(self, answers: Answers, label_BHW: torch.Tensor) -> tuple[torch.Tensor, Mapping[str, float]]:
        """Loss of a batch with labels (B, H, W), and its parts for the history, summed over the layers.

        A target is the mask of a class, the background included; pixels of 255 belong to none and so count as outside
        of all (published).
        """
        targets = [class_masks(label_HW) for label_HW in label_BHW]
        classes, masks = [ids for ids, _ in targets], [mask for _, mask in targets]
        parts = {name: torch.zeros((), device=label_BHW.device) for name in _WEIGHTS}
        for class_logits, mask_logits in zip(*answers, strict=True):
            for name, value in self.criterion(mask_logits.float(), class_logits.float(), masks, classes).items():
                parts[name.removeprefix("loss_")] = parts[name.removeprefix("loss_")] + value
        weighted = [_WEIGHTS[name] * value for name, value in parts.items()]
        return torch.stack(weighted).sum(), {f"loss_{name}": float(value.detach()) for name, value in parts.items()}


def class_masks(label_HW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Classes present, int64 (N,) ascending, and their masks float32 (N, H, W)."""
    ids_N = label_HW.unique()
    ids_N = ids_N[ids_N != IGNORE]
    return ids_N.long(), (label_HW == ids_N[:, None, None]).float()
