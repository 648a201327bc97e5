"""Mask logits from the decoder's grid to the pixels of the image.

SAM enlarges logits bilinearly to the padded square, cuts the padding off and resizes bilinearly to the image. Both
steps are linear and act on rows and columns separately, so the whole is one matrix per axis, and the big intermediate
maps (4 MB a mask) are never made.
"""

import torch
from torch.nn import functional


def resized_size(size_hw: tuple[int, int], long_side: int) -> tuple[int, int]:
    """(h, w) of an image scaled so that its long side is `long_side`, the other rounded half up (SAM)."""
    scale = long_side / max(size_hw)
    height, width = (max(1, int(side * scale + 0.5)) for side in size_hw)
    return height, width


def enlarging_matrix(cells: int, padded: int, resized: int, length: int) -> torch.Tensor:
    """Float32 (length, cells): from `cells` logits over `padded` pixels, through the first `resized`, to `length`."""
    unit_1XC = torch.eye(cells)[None]
    fine_1XP = functional.interpolate(unit_1XC, size=padded, mode="linear", align_corners=False)
    return functional.interpolate(fine_1XP[..., :resized], size=length, mode="linear", align_corners=False)[0].t()


class Enlarger:
    """Enlarges the logits of one image size; the matrices are made once."""

    def __init__(self, cells: int, padded: int, size_hw: tuple[int, int], device: torch.device | str = "cpu") -> None:
        """`cells`: logits per side of the padded square; `padded`: its pixels per side; `size_hw`: the image."""
        height, width = resized_size(size_hw, padded)
        self._rows = enlarging_matrix(cells, padded, height, size_hw[0]).contiguous().to(device)
        self._columns = enlarging_matrix(cells, padded, width, size_hw[1]).contiguous().to(device)

    def __call__(self, logits_Rhw: torch.Tensor) -> torch.Tensor:
        """Map float32 logits (R, h, w) to (R, H, W); h and w may stop after the last cells that hold image."""
        _, height, width = logits_Rhw.shape
        return self._rows[:, :height] @ logits_Rhw @ self._columns[:, :width].t()
