"""Automatic masks of a whole image (SAM, Kirillov et al., ICCV 2023, section 5 and appendix B), as FMA-WSSS (WACV 2024)
patched them: offsets per level in the thresholds and in the ranking, and a filter of parts that wholes contain.

The steps: candidates of the image and of its crops (`crop_masks`), suppression within and between crops, mending of
small holes and islands with a third suppression, containment. Only masks that pass the first two are ever drawn in
full, one at a time, and only their run lengths are kept.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch

from wsss_core.artifacts.rle import encode_masks, mask_areas
from wsss_core.networks.sam.sam import Sam
from wsss_core.regions.candidates import Candidates, joined
from wsss_core.regions.containment import free_standing
from wsss_core.regions.crop_masks import CropMasks, Frame
from wsss_core.regions.crops import Crop, crops_of
from wsss_core.regions.mask_filter import best_of_overlapping
from wsss_core.regions.small_parts import mend
from wsss_core.settings.regions import SamSettings

_ENLARGED_TOGETHER = 16


@dataclass(frozen=True)
class MaskSet:
    """The masks of an image, all with R entries."""

    rles: tuple[bytes, ...]
    """COCO run-length codes."""
    area_R: np.ndarray
    """Pixels, int32."""
    level_R: np.ndarray
    """0 subpart, 1 part, 2 whole, int32."""
    predicted_iou_R: np.ndarray
    """Float32, without offsets."""
    stability_R: np.ndarray
    """Float32, without biases."""
    box_R4: np.ndarray
    """x0, y0, x1, y1, last pixel included, int32; zeros for an empty mask."""
    point_R2: np.ndarray
    """x, y of the prompt, pixels of the image, float64."""
    crop_R4: np.ndarray
    """x0, y0, x1, y1 of the crop, last pixel excluded, int32."""

    def select(self, chosen: np.ndarray) -> "MaskSet":
        """The masks named by indices, in that order."""
        arrays = (getattr(self, field.name)[chosen] for field in fields(self)[1:])
        return MaskSet(tuple(self.rles[index] for index in chosen), *arrays)


class MaskGenerator:
    """Makes the masks of one image after another with one network.

    Order of the masks, as published: by level from wholes to subparts where the containment filter is on; within it
    untouched masks before mended ones; within those masks of smaller crops first, then by predicted IoU with offset.
    """

    def __init__(self, network: Sam, settings: SamSettings) -> None:
        self._settings = settings
        self._crop_masks = CropMasks(network, settings)
        self._image_side = network.image_side

    @torch.inference_mode()
    def __call__(self, image_HW3: np.ndarray) -> MaskSet:
        """The masks of a uint8 RGB image (H, W, 3); there may be none."""
        settings, size_hw = self._settings, (image_HW3.shape[0], image_HW3.shape[1])
        crops = crops_of(size_hw, settings.crop_layers, settings.crop_overlap)
        candidates = joined([self._best_of_crop(image_HW3, crop, number) for number, crop in enumerate(crops)])
        if len(crops) > 1:
            smallness_R = torch.tensor([1 / crop.area for crop in crops], device=candidates.crop_R.device)
            smallness_R = smallness_R[candidates.crop_R]
            chosen = best_of_overlapping(candidates.box_R4, smallness_R, settings.crop_nms_threshold)
            candidates = candidates.select(chosen)
        return self._finished(candidates, crops, size_hw)

    def _best_of_crop(self, image_HW3: np.ndarray, crop: Crop, number: int) -> Candidates:
        found = self._crop_masks(image_HW3, crop, number)
        offset_R = torch.tensor(self._settings.ranking_offsets, device=found.level_R.device)[found.level_R]
        rank_R = found.predicted_iou_R + offset_R
        return found.select(best_of_overlapping(found.box_R4, rank_R, self._settings.box_nms_threshold))

    def _finished(self, candidates: Candidates, crops: list[Crop], size_hw: tuple[int, int]) -> MaskSet:
        """Masks drawn, mended, and filtered a last time."""
        settings = self._settings
        rles, box_R4, touched_R = self._drawn(candidates, crops, size_hw)
        masks = MaskSet(
            rles,
            mask_areas(rles, size_hw),
            candidates.level_R.cpu().numpy().astype(np.int32),
            candidates.predicted_iou_R.cpu().numpy().astype(np.float32),
            candidates.stability_R.cpu().numpy().astype(np.float32),
            box_R4,
            candidates.point_R2.cpu().numpy(),
            np.array([crop[:4] for crop in crops], np.int32)[candidates.crop_R.cpu().numpy()],
        )
        if settings.min_area_px > 0:
            threshold = max(settings.box_nms_threshold, settings.crop_nms_threshold)
            untouched = torch.from_numpy(~touched_R)
            masks = masks.select(best_of_overlapping(torch.from_numpy(box_R4), untouched, threshold).numpy())
        if settings.containment_threshold is not None:
            kept = free_standing(masks.rles, masks.level_R, size_hw, settings.containment_threshold)
            masks = masks.select(kept)
        return masks.select(np.flatnonzero(masks.area_R >= settings.smallest_mask_px))

    def _drawn(
        self, candidates: Candidates, crops: list[Crop], size_hw: tuple[int, int]
    ) -> tuple[tuple[bytes, ...], np.ndarray, np.ndarray]:
        """Run-length codes, boxes int32 (R, 4), and whether mending touched the mask, bool (R,)."""
        count = len(candidates)
        rles = [b""] * count
        box_R4, touched_R = np.zeros((count, 4), np.int32), np.zeros(count, bool)
        for number, crop in enumerate(crops):
            frame = Frame(crop.size_hw, self._image_side)
            enlarge = frame.enlarger(candidates.crop_R.device)
            rows, columns = (cells * 4 for cells in frame.cells_hw)
            for chosen in (candidates.crop_R == number).nonzero()[:, 0].split(_ENLARGED_TOGETHER):
                logits = candidates.logits_Rhw[chosen, :rows, :columns]
                drawn = (enlarge(logits) > self._settings.mask_threshold).cpu().numpy()
                for index, part_hw in zip(chosen.tolist(), drawn, strict=True):
                    mask_HW, touched_R[index] = mend(pasted(part_hw, crop, size_hw), self._settings.min_area_px)
                    box_R4[index] = box_of(mask_HW)
                    rles[index] = encode_masks(mask_HW[None])[0]
        return tuple(rles), box_R4, touched_R


def pasted(part_hw: np.ndarray, crop: Crop, size_hw: tuple[int, int]) -> np.ndarray:
    """Bool mask (H, W) of the image from that of a crop."""
    if part_hw.shape == size_hw:
        return part_hw
    mask_HW = np.zeros(size_hw, bool)
    mask_HW[crop.y0 : crop.y1, crop.x0 : crop.x1] = part_hw
    return mask_HW


def box_of(mask_HW: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of a bool mask, last pixel included; zeros for an empty one."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
