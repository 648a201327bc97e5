"""Automatic masks of a whole image from a grid of points (SAM, Kirillov et al., ICCV 2023, section 5 and appendix B).

Differences from the published generator, which thresholds and compares masks at image size: here stability, boxes and
suppression are computed at the decoder's resolution (a quarter of the resized image, about 2 pixels of a 500-pixel
photograph), only masks that stay are enlarged, and there are no crops.

Axes: P prompts of a batch, M = 3 masks of a prompt (levels 0 subpart, 1 part, 2 whole), R masks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from wsss_core.artifacts.rle import encode_masks
from wsss_core.networks.sam.mask_decoder import POINT_MASKS
from wsss_core.networks.sam.prompt_encoder import FOREGROUND
from wsss_core.networks.sam.sam import CELL_PX, MEAN_RGB, STD_RGB, Sam
from wsss_core.networks.sam.two_way_transformer import ImageSide
from wsss_core.regions.enlarge import Enlarger, resized_size
from wsss_core.regions.mask_filter import best_of_overlapping, mask_boxes
from wsss_core.regions.point_grid import scaled_grid
from wsss_core.regions.small_parts import mend
from wsss_core.regions.stability import stability_score
from wsss_core.settings.regions import MaskGeneratorSettings

LOGITS_PER_CELL = 4
_ENLARGED_TOGETHER = 16
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Candidates:
    """Masks with their scores, in prompt order and within a prompt in the order of the levels."""

    logits_Rhw: torch.Tensor
    predicted_iou_R: torch.Tensor
    stability_R: torch.Tensor
    level_R: torch.Tensor

    def select(self, chosen: torch.Tensor) -> "Candidates":
        """The masks named by a bool mask or by indices, in that order."""
        return Candidates(
            self.logits_Rhw[chosen], self.predicted_iou_R[chosen], self.stability_R[chosen], self.level_R[chosen]
        )


@dataclass(frozen=True)
class MaskSet:
    """The masks of an image, best predicted IoU first: COCO RLE, pixels, and float32 / int32 scores (R,)."""

    rles: tuple[bytes, ...]
    area_R: np.ndarray
    level_R: np.ndarray
    predicted_iou_R: np.ndarray
    stability_R: np.ndarray


class MaskGenerator:
    """Makes the masks of one image after another with one network."""

    def __init__(self, network: Sam, settings: MaskGeneratorSettings) -> None:
        self._network = network
        self._settings = settings
        self._device = next(network.parameters()).device

    @torch.inference_mode()
    def __call__(self, image_HW3: np.ndarray) -> MaskSet:
        """The masks of a uint8 RGB image (H, W, 3)."""
        size_hw = image_HW3.shape[0], image_HW3.shape[1]
        candidates = self._candidates(image_HW3)
        box_R4 = mask_boxes(self._holding_image(candidates.logits_Rhw, size_hw) > 0)
        chosen = best_of_overlapping(box_R4, candidates.predicted_iou_R, self._settings.box_nms_threshold)
        return self._finish(candidates.select(chosen), size_hw)

    def _candidates(self, image_HW3: np.ndarray) -> Candidates:
        size_hw = image_HW3.shape[0], image_HW3.shape[1]
        image_side = self._encode(image_HW3)
        batches = [self._judge(prompt, image_side, size_hw) for prompt in self._prompts(size_hw)]
        return Candidates(
            torch.cat([batch.logits_Rhw for batch in batches]),
            torch.cat([batch.predicted_iou_R for batch in batches]),
            torch.cat([batch.stability_R for batch in batches]),
            torch.cat([batch.level_R for batch in batches]),
        )

    def _encode(self, image_HW3: np.ndarray) -> ImageSide:
        image_3HW = padded_image(image_HW3, self._network.image_side).to(self._device)
        dtype = _DTYPES[self._settings.precision]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            grid_Dhw = self._network.encode(image_3HW)
        return self._network.prepare(grid_Dhw, dtype)

    def _prompts(self, size_hw: tuple[int, int]) -> Iterator[torch.Tensor]:
        """Tokens of the grid's points, a batch at a time."""
        resized_hw = resized_size(size_hw, self._network.image_side)
        xy_P2 = torch.from_numpy(scaled_grid(self._settings.points_per_side, resized_hw)).float().to(self._device)
        for batch in xy_P2.split(self._settings.prompts_per_batch):
            labels = torch.full((len(batch), 1), FOREGROUND, device=self._device)
            yield self._network.prompt_encoder.points(batch[:, None], labels)

    def _judge(self, prompt_PTD: torch.Tensor, image: ImageSide, size_hw: tuple[int, int]) -> Candidates:
        """Decode a batch of prompts and keep what passes both thresholds."""
        settings, decoder = self._settings, self._network.mask_decoder
        decoded = decoder(prompt_PTD, image)
        good_PM = decoded.iou_BM[:, POINT_MASKS] > settings.predicted_iou_threshold
        some = good_PM.any(dim=1).nonzero()[:, 0]
        keep_hw = self._cells_holding_image(size_hw)
        logits_PMhw = decoder.draw(decoded.select(some), self._network.grid_hw, POINT_MASKS, keep_hw)
        prompt, level = good_PM[some].nonzero(as_tuple=True)
        logits_Rhw = logits_PMhw[prompt, level]
        stability_R = stability_score(self._holding_image(logits_Rhw, size_hw), settings.stability_offset)
        judged = Candidates(logits_Rhw, decoded.iou_BM[:, POINT_MASKS][some][prompt, level], stability_R, level)
        return judged.select(stability_R >= settings.stability_threshold)

    def _cells_holding_image(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Cells of the grid from which the image's pixels are interpolated; the rest is padding."""
        resized_hw = resized_size(size_hw, self._network.image_side)
        # Bilinear enlargement reads up to 2 pixels of the padded square beyond the image's edge.
        height, width = (-(-(side + 2) // CELL_PX) for side in resized_hw)
        return min(height, self._network.grid_hw[0]), min(width, self._network.grid_hw[1])

    def _holding_image(self, logits_Rhw: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
        """The logits whose cell holds at least one pixel of the image."""
        resized_hw = resized_size(size_hw, self._network.image_side)
        pixels = CELL_PX // LOGITS_PER_CELL
        height, width = (-(-side // pixels) for side in resized_hw)
        return logits_Rhw[:, :height, :width]

    def _finish(self, chosen: Candidates, size_hw: tuple[int, int]) -> MaskSet:
        """Enlarge the masks that stay, mend them, drop small ones and encode the rest."""
        min_area = self._settings.min_area_px
        cells = self._network.grid_hw[0] * LOGITS_PER_CELL
        enlarge = Enlarger(cells, self._network.image_side, size_hw, self._device)
        rles: list[bytes] = []
        area_R = np.zeros(len(chosen.logits_Rhw), np.int32)
        for start in range(0, len(area_R), _ENLARGED_TOGETHER):
            mask_RHW = (enlarge(chosen.logits_Rhw[start : start + _ENLARGED_TOGETHER]) > 0).cpu().numpy()
            mask_RHW = np.stack([mend(mask_HW, min_area) for mask_HW in mask_RHW])
            area_R[start : start + len(mask_RHW)] = mask_RHW.sum(axis=(1, 2))
            rles.extend(encode_masks(mask_RHW))
        large = area_R >= max(1, min_area)
        return MaskSet(
            tuple(rle for rle, keep in zip(rles, large, strict=True) if keep),
            area_R[large],
            chosen.level_R.cpu().numpy().astype(np.int32)[large],
            chosen.predicted_iou_R.cpu().numpy().astype(np.float32)[large],
            chosen.stability_R.cpu().numpy().astype(np.float32)[large],
        )


def padded_image(image_HW3: np.ndarray, side: int) -> torch.Tensor:
    """Network input of a uint8 RGB image: float32 (3, side, side).

    The long side is resized to `side` (Pillow bilinear, antialiased), colours are normalised, and zeros fill the rest
    at the right and bottom.
    """
    height, width = resized_size((image_HW3.shape[0], image_HW3.shape[1]), side)
    resized_HW3 = np.asarray(Image.fromarray(image_HW3).resize((width, height), Image.Resampling.BILINEAR))
    normalised_HW3 = (resized_HW3 - np.array(MEAN_RGB, np.float32)) / np.array(STD_RGB, np.float32)
    padded_3HW = torch.zeros(3, side, side)
    padded_3HW[:, :height, :width] = torch.from_numpy(normalised_HW3).permute(2, 0, 1)
    return padded_3HW
