"""The candidate masks of one crop: encoded once, its points decoded in batches, thresholds applied at once.

A mask is drawn only when its predicted IoU passes, and only its low-resolution logits are kept: at the crop's size a
batch of masks is looked at for stability and boxes and then forgotten.

Axes: P prompts of a batch, M = 3 masks of a prompt (levels 0 subpart, 1 part, 2 whole), R masks.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from wsss_core.networks.sam.mask_decoder import POINT_MASKS, Decoded
from wsss_core.networks.sam.prompt_encoder import FOREGROUND
from wsss_core.networks.sam.sam import CELL_PX, MEAN_RGB, STD_RGB, Sam
from wsss_core.networks.sam.two_way_transformer import ImageSide
from wsss_core.regions.candidates import Candidates, joined
from wsss_core.regions.crops import Crop, points_per_side
from wsss_core.regions.enlarge import Enlarger, resized_size
from wsss_core.regions.mask_filter import cut_by_crop, mask_boxes
from wsss_core.regions.point_grid import unit_grid
from wsss_core.regions.prompt_batches import PromptBatches
from wsss_core.regions.stability import stability_score
from wsss_core.settings.regions import PerLevel, SamSettings

LOGITS_PER_CELL = 4
_ENLARGED_BYTES = 1 << 26
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Frame:
    """Where the pixels of a crop lie in the network's padded square and in its grid."""

    size_hw: tuple[int, int]
    image_side: int

    @property
    def resized_hw(self) -> tuple[int, int]:
        """The crop's part of the padded square, pixels."""
        return resized_size(self.size_hw, self.image_side)

    @property
    def cells_hw(self) -> tuple[int, int]:
        """Cells of the grid from which the crop's pixels are interpolated; the rest is padding."""
        # Bilinear enlargement reads up to 2 pixels of the padded square beyond the crop's edge.
        height, width = (min(-(-(side + 2) // CELL_PX), self.image_side // CELL_PX) for side in self.resized_hw)
        return height, width

    @property
    def logits_hw(self) -> tuple[int, int]:
        """Logits whose cell holds at least one pixel of the crop."""
        height, width = (-(-side // (CELL_PX // LOGITS_PER_CELL)) for side in self.resized_hw)
        return height, width

    def enlarger(self, device: torch.device) -> Enlarger:
        """From logits to the crop's pixels."""
        return Enlarger(self.image_side // CELL_PX * LOGITS_PER_CELL, self.image_side, self.size_hw, device)


class CropMasks:
    """Finds the candidates of one crop after another with one network."""

    def __init__(self, network: Sam, settings: SamSettings) -> None:
        self._network, self._settings = network, settings
        self._device = next(network.parameters()).device
        self._batches = PromptBatches(settings.prompts_per_batch, network, self._device)

    def __call__(self, image_HW3: np.ndarray, crop: Crop, number: int) -> Candidates:
        """Masks that pass the thresholds and are not cut off by the crop's edge; `number` names the crop."""
        settings, size_hw = self._settings, (image_HW3.shape[0], image_HW3.shape[1])
        frame = Frame(crop.size_hw, self._network.image_side)
        image_side = self._encode(crop.cut(image_HW3))
        per_side = points_per_side(settings.points_per_side, crop.layer, settings.crop_points_divisor)
        unit_P2 = torch.from_numpy(unit_grid(per_side)).to(self._device)
        origin = torch.tensor([crop.x0, crop.y0], dtype=torch.float64, device=self._device)
        extent = torch.tensor(crop.size_hw[::-1], dtype=torch.float64, device=self._device)
        parts = []
        for start, found in self._batches.run(unit_P2, lambda batch: self._judge(batch, image_side, frame)):
            logits_Rhw, iou_R, stability_R, level_R, box_R4, prompt_R = found
            place_R2 = unit_P2[start + prompt_R] * extent + origin
            crop_R = torch.full_like(prompt_R, number)
            box_R4 = box_R4 + origin.repeat(2).float()
            parts.append(Candidates(logits_Rhw, iou_R, stability_R, level_R, box_R4, place_R2, crop_R))
        candidates = joined(parts)
        return candidates.select(~cut_by_crop(candidates.box_R4, crop, size_hw))

    def _encode(self, crop_HW3: np.ndarray) -> ImageSide:
        image_3HW = padded_image(crop_HW3, self._network.image_side).to(self._device)
        dtype = _DTYPES[self._settings.precision]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            grid_Dhw = self._network.encode(image_3HW)
        return self._network.prepare(grid_Dhw, dtype)

    def _judge(self, unit_P2: torch.Tensor, image: ImageSide, frame: Frame) -> tuple[torch.Tensor, ...]:
        """Decode points (x, y in 0..1 of the crop) and keep what passes both thresholds.

        Returns logits, predicted IoU, stability, level, box in pixels of the crop, and number of the prompt.
        """
        settings = self._settings
        decoded = self._decode(unit_P2, image, frame)
        iou_PM = decoded.iou_BM[:, POINT_MASKS]
        good_PM = passing(iou_PM, settings.threshold_offsets, settings.predicted_iou_threshold)
        some = good_PM.any(dim=1).nonzero()[:, 0]
        drawn = self._network.mask_decoder.draw(
            decoded.select(some), self._network.grid_hw, POINT_MASKS, frame.cells_hw
        )
        prompt_R, level_R = good_PM[some].nonzero(as_tuple=True)
        logits_Rhw = drawn[prompt_R, level_R]
        stability_R, box_R4 = measured(logits_Rhw, frame, settings)
        bias_R = torch.tensor(settings.stability_biases, device=self._device)[level_R]
        kept = torch.ones_like(level_R, dtype=torch.bool)
        if settings.stability_threshold > 0:
            kept = stability_R + bias_R >= settings.stability_threshold
        found = (logits_Rhw, iou_PM[some][prompt_R, level_R], stability_R, level_R, box_R4, some[prompt_R])
        return tuple(column[kept] for column in found)

    def _decode(self, unit_P2: torch.Tensor, image: ImageSide, frame: Frame) -> Decoded:
        height, width = frame.resized_hw
        place_P2 = (unit_P2 * torch.tensor([width, height], device=self._device)).float()
        labels = torch.full((len(place_P2), 1), FOREGROUND, device=self._device)
        return self._network.mask_decoder(self._network.prompt_encoder.points(place_P2[:, None], labels), image)


def passing(iou_PM: torch.Tensor, offsets: PerLevel, threshold: float) -> torch.Tensor:
    """Bool (P, M): predicted IoU plus the level's offset above the threshold; all where the threshold is 0."""
    if threshold <= 0:
        return torch.ones_like(iou_PM, dtype=torch.bool)
    return iou_PM + torch.tensor(offsets, device=iou_PM.device) > threshold


def measured(logits_Rhw: torch.Tensor, frame: Frame, settings: SamSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Stability float32 (R,), NaN for masks without a pixel at the laxer cut, and boxes float32 (R, 4) in pixels of
    the crop, last pixel included."""
    if settings.measure_on == "grid":
        height, width = frame.logits_hw
        stability_R, box_R4 = _measured(logits_Rhw[:, :height, :width], settings)
        scale = max(frame.size_hw) / frame.image_side * (CELL_PX // LOGITS_PER_CELL)
        return stability_R, box_R4 * scale
    enlarge = frame.enlarger(logits_Rhw.device)
    together = max(1, _ENLARGED_BYTES // (4 * frame.size_hw[0] * frame.size_hw[1]))
    found = [_measured(enlarge(some), settings) for some in logits_Rhw.split(together)] or [
        _measured(logits_Rhw, settings)
    ]
    return torch.cat([stability_R for stability_R, _ in found]), torch.cat([box_R4 for _, box_R4 in found])


def _measured(logits_RHW: torch.Tensor, settings: SamSettings) -> tuple[torch.Tensor, torch.Tensor]:
    stability_R = stability_score(logits_RHW, settings.stability_offset, settings.mask_threshold)
    return stability_R, mask_boxes(logits_RHW > settings.mask_threshold).float()


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
