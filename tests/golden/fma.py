"""Kinds of the recorded FMA-WSSS cases and how each is checked."""

from collections.abc import Callable

from golden import (
    fma_attention,
    fma_functions,
    fma_gradcam,
    fma_losses,
    fma_mask2former,
    fma_masks,
    fma_sam,
    fma_seeds,
)
from golden.cases import Case, kind_of

CHECKS: dict[str, Callable[[Case], None]] = {
    "score_boxes": fma_functions.check_score_boxes,
    "rle": fma_functions.check_rle,
    "nms": fma_functions.check_nms,
    "sam_tiny_forward": fma_sam.check_forward,
    "sam_tiny_amg": fma_sam.check_generator,
    "sam_grids": fma_masks.check_grids,
    "sam_mask_utils": fma_masks.check_mask_utils,
    "containment_filter": fma_masks.check_containment,
    "sams": fma_seeds.check_sams,
    "seed_argmax": fma_seeds.check_argmax,
    "m2f_tiny_forward": fma_mask2former.check_forward,
    "evaluation": fma_functions.check_evaluation,
    "caa": fma_attention.check_caa,
    "clip_tokenize": fma_gradcam.check_tokens,
    "pos_emb_resize": fma_gradcam.check_positions,
    "gradcam": fma_gradcam.check_gradcam,
    "cl_loss": fma_losses.check_contrastive,
    "cam_loss": fma_losses.check_cam,
    "train_cls_loss": fma_losses.check_contrastive_step,
    "train_cam_loss": fma_losses.check_cam_step,
    "lr_schedule": fma_losses.check_schedule,
    "ctx_init": fma_losses.check_start,
    "preprocess": fma_losses.check_preprocessing,
}


def find_check(name: str) -> Callable[[Case], None] | None:
    """The check of a case by its name, or None for a kind that is not known."""
    kind = kind_of(name, tuple(CHECKS))
    return None if kind is None else CHECKS[kind]
