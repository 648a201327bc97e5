"""Softmax Grad-CAM of CLIP (CLIP-ES, Lin et al., CVPR 2023; FMA-WSSS, Yang & Gong, WACV 2024, section 3.2).

The gradient starts at the first layer norm of the last block: everything before needs none.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from wsss_core.networks.clip.clip import CLIP

SOFTMAX_EPSILON = 1e-5


class ImagePass(NamedTuple):
    """What the image encoder says about a batch.

    `tap_BLD`: output of the first layer norm of the last block, the leaf of the gradient. `tokens_BLD`: after the last
    layer norm; `feature_BE`: the image features; both depend on the tap. `attention`: of the wanted last blocks, each
    (B, L, L), averaged over heads. `grid_hw`: h and w, L = 1 + h·w.
    """

    tap_BLD: torch.Tensor
    tokens_BLD: torch.Tensor
    feature_BE: torch.Tensor
    attention: tuple[torch.Tensor, ...]
    grid_hw: tuple[int, int]


def image_pass(clip: CLIP, image_B3HW: torch.Tensor, attention_blocks: int = 0) -> ImagePass:
    """Run normalised images (B, 3, H, W) with sides in multiples of the patch; keep the attention of so many last
    blocks. The network's own weights should need no gradient."""
    with torch.no_grad():
        before = clip.visual.before_last_block(image_B3HW, attention_blocks)
        tap_BLD = clip.visual.last_norm(before.x_BLD)
    with torch.enable_grad():
        tap_BLD = tap_BLD.detach().requires_grad_()
        tokens_BLD, weights_BLL = clip.visual.after_last_norm(before.x_BLD, tap_BLD)
        feature_BE = clip.image_features(tokens_BLD)
    last = (weights_BLL.detach(),) if attention_blocks else ()
    return ImagePass(tap_BLD, tokens_BLD, feature_BE, (*before.attention, *last), before.grid_hw)


def patch_attention(attention: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean over blocks of attention (B, L, L), without the row and column of the class token: (B, N, N), N = h·w."""
    return torch.stack([weights_BLL[:, 1:, 1:] for weights_BLL in attention]).mean(dim=0)


def masked_softmax(logits_BG: torch.Tensor, present_BC: torch.Tensor) -> torch.Tensor:
    """Softmax scores (B, G) over the present foreground classes and all backgrounds; 0 for absent classes.

    `present_BC` bool: the first C of the G logits are foreground. The largest logit is taken over all, absent ones too,
    and 1e-5 is added to the sum, so scores may sum to less than 1, to much less where an absent class dominates
    (published code).
    """
    absent_backgrounds = logits_BG.shape[1] - present_BC.shape[1]
    backgrounds_BG = present_BC.new_ones((len(logits_BG), absent_backgrounds))
    mask_BG = torch.cat([present_BC, backgrounds_BG], dim=1)
    exponentials_BG = (logits_BG - logits_BG.amax(dim=1, keepdim=True)).exp() * mask_BG
    return exponentials_BG / (exponentials_BG.sum(dim=1, keepdim=True) + SOFTMAX_EPSILON)


def positives_of(present_BC: torch.Tensor) -> torch.Tensor:
    """Image and class (from 0) of every present class, int64 (P, 2): image by image, classes ascending."""
    return present_BC.nonzero()


def class_maps(image: ImagePass, scores_BG: torch.Tensor, present_BC: torch.Tensor, graph: bool) -> torch.Tensor:
    """Grad-CAM (P, h, w) of each positive, in the order of `positives_of`: raw, neither rectified nor normalised.

    Channels of the tap at the patches, weighted by the mean over the patches of the gradient of the class's score.
    `scores_BG` must depend on `image.feature_BE`. `graph`: keep the graph, so that the maps may be learnt from; the tap
    itself is a constant in them. The gradients of the first class of each image are taken together, then of the second.
    """
    positives_P2 = positives_of(present_BC)
    if not len(positives_P2):
        return image.tap_BLD.new_zeros((0, *image.grid_hw))
    rank_P = (present_BC.cumsum(dim=1) - 1)[positives_P2[:, 0], positives_P2[:, 1]]
    wanted_RBG = scores_BG.new_zeros((int(rank_P.max()) + 1, *scores_BG.shape))
    wanted_RBG[rank_P, positives_P2[:, 0], positives_P2[:, 1]] = 1
    (gradient_RBLD,) = torch.autograd.grad(
        scores_BG, image.tap_BLD, wanted_RBG, create_graph=graph, is_grads_batched=True
    )
    weight_PD = gradient_RBLD[rank_P, positives_P2[:, 0], 1:].mean(dim=1)
    patches_PND = image.tap_BLD.detach()[positives_P2[:, 0], 1:]
    return torch.einsum("pnd,pd->pn", patches_PND, weight_PD).unflatten(1, image.grid_hw)
