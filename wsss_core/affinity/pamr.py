"""Refines class activation maps by the colours of the photograph alone (PAMR; Araslanov & Roth, CVPR 2020)."""

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from wsss_core.affinity.pixel_adaptive import refine_masks
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.data.images import read_image
from wsss_core.settings.refined_cams import PamrSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

LEVELS = 255


def refined_row(row: CamRow, image_HW3: np.ndarray, settings: PamrSettings, device: str = "cpu") -> CamRow:
    """The refined scores of all classes of the row, on the grid of the settings' stride.

    A background channel, where there is one, is refined like a class. Scores that the row still normalises are
    normalised before and, as maxima shrink, on reading again.
    """
    height, width = row.size_hw
    grid_hw = (-(-height // settings.stride), -(-width // settings.stride))
    image_13HW = torch.from_numpy(image_HW3).to(device).permute(2, 0, 1)[None].float() / LEVELS
    image_13hw = functional.interpolate(image_13HW, size=grid_hw, mode="bilinear", align_corners=False)
    scores_1Khw = torch.from_numpy(row.scores_on(grid_hw)).to(device)[None]
    with torch.inference_mode():
        refined_Khw = refine_masks(image_13hw, scores_1Khw, settings.iterations, settings.dilations)[0]
    canvas_hw = (height, width) if row.normalise else (grid_hw[0] * settings.stride, grid_hw[1] * settings.stride)
    return CamRow(row.image_id, row.size_hw, row.class_ids, (refined_Khw.cpu().numpy(),), canvas_hw, row.normalise)


def processor(context: StageContext) -> Processor:
    """Makes the refined `CamRow` of one image, of the classes of its CAMs."""
    settings = context.typed_settings(PamrSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        return refined_row(typed_row(rows, "cams", CamRow), read_image(record.file), settings, context.device)

    return process
