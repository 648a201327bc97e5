"""Which classes an image can have, and scores without the others."""

import numpy as np
import torch

from wsss_core.label_ids import is_known


def present_classes(label_HW: np.ndarray, classes: int) -> list[int]:
    """Labels 0..K-1 that some pixel has, ascending; ignored and unlabelled pixels have none."""
    return [int(label) for label in np.unique(label_HW) if is_known(label, classes)]


def peaked_and_present(score_Khw: torch.Tensor, present: list[int]) -> torch.Tensor:
    """Scores (M, h, w) of the M classes in `present`, each divided by its own maximum over the image."""
    chosen_Mhw = score_Khw[present]
    peak_M11 = chosen_Mhw.amax(dim=(1, 2), keepdim=True)
    return chosen_Mhw / peak_M11
