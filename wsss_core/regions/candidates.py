"""Masks on their way: low-resolution logits with their scores, boxes and places."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Candidates:
    """Masks with what is known of them, all with R entries, in prompt order and within a prompt by level."""

    logits_Rhw: torch.Tensor
    """Of the decoder's cells that hold image, float32."""
    predicted_iou_R: torch.Tensor
    stability_R: torch.Tensor
    level_R: torch.Tensor
    box_R4: torch.Tensor
    """x0, y0, x1, y1 in pixels of the image, last pixel included, float32."""
    point_R2: torch.Tensor
    """x, y of the prompt in pixels of the image, float64."""
    crop_R: torch.Tensor
    """Number of the crop in which the mask was found, int64."""

    def __len__(self) -> int:
        return len(self.level_R)

    def select(self, chosen: torch.Tensor) -> "Candidates":
        """The masks named by a bool mask or by indices, in that order."""
        return Candidates(*(column[chosen] for column in self.columns()))

    def columns(self) -> tuple[torch.Tensor, ...]:
        """The tensors in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All masks of several sets (at least one), one after the other.

    Crops of one image may hold image in different numbers of cells: logits are padded to the largest grid.
    """
    height = max(part.logits_Rhw.shape[1] for part in parts)
    width = max(part.logits_Rhw.shape[2] for part in parts)
    logits = [_padded(part.logits_Rhw, height, width) for part in parts]
    others = zip(*(part.columns()[1:] for part in parts), strict=True)
    return Candidates(torch.cat(logits), *(torch.cat(column) for column in others))


def _padded(logits_Rhw: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return functional.pad(logits_Rhw, (0, width - logits_Rhw.shape[2], 0, height - logits_Rhw.shape[1]))
