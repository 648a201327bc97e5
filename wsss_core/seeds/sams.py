"""Seeds by SAM masks (SAMS of FMA-WSSS, WACV 2024): every mask takes the class of its mean CAM, wholes cover parts.

Rules for what the publication leaves open: an empty mask takes no part; pixels in no mask are background; an image
without any mask is background, or 255 if the settings say so. A single mask is background, since the scores of a class
are stretched over the masks, where one has no range.

Axes: S masks, C classes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE, LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.regions import RegionRow
from wsss_core.artifacts.rle import one_ranges
from wsss_core.cams.foreground import has_own_background
from wsss_core.cams.unit_scores import EPSILON, unit_scores
from wsss_core.label_ids import BACKGROUND, IGNORE, as_labels
from wsss_core.settings.seeds import SamsSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

Ranges = tuple[np.ndarray, np.ndarray]
"""First and one past the last pixel of each run of a mask, in column-major order."""


class MaskVotes(NamedTuple):
    """What the masks say, each (S,) or (S, 1 + C)."""

    score_SK: np.ndarray
    """Float64 scores, background first."""
    label_S: np.ndarray
    """Label id of the highest score, the first of equals."""
    confidence_S: np.ndarray
    """The highest score, float64."""


def mask_means(cam_CHW: np.ndarray, masks: Sequence[Ranges]) -> np.ndarray:
    """Mean of each class over the pixels of each mask, float64 (S, C), from sums along the columns of the image.

    Float64, because the background, a power below 1 of one minus the best score, magnifies the rounding of scores
    near 1 by several digits.
    """
    columns_CP = cam_CHW.transpose(0, 2, 1).reshape(len(cam_CHW), cam_CHW.shape[1] * cam_CHW.shape[2])
    total_CP = np.zeros((len(cam_CHW), columns_CP.shape[1] + 1))
    np.cumsum(columns_CP, axis=1, dtype=np.float64, out=total_CP[:, 1:])
    means_SC = np.zeros((len(masks), len(cam_CHW)))
    for mean_C, (start, end) in zip(means_SC, masks, strict=True):
        mean_C[:] = (total_CP[:, end] - total_CP[:, start]).sum(axis=1) / (end - start).sum()
    return means_SC


def stretched(mean_SC: np.ndarray) -> np.ndarray:
    """Means of at least 0, each class stretched so that its lowest mask gets 0 and its highest (nearly) 1."""
    positive_SC = np.maximum(mean_SC, 0)
    lowest_C = positive_SC.min(axis=0)
    result_SC: np.ndarray = (positive_SC - lowest_C) / (positive_SC.max(axis=0) - lowest_C + EPSILON)
    return result_SC


def mask_votes(
    cam_CHW: np.ndarray, class_ids: np.ndarray, masks: Sequence[Ranges], settings: SamsSettings
) -> MaskVotes:
    """Scores, label and confidence of each mask (at least one, none empty); `class_ids`: label ids of the channels."""
    if settings.scores == "unit":
        cam_CHW = unit_scores(cam_CHW)
    elif settings.clip == "pixels":
        cam_CHW = np.maximum(cam_CHW, 0)
    score_SC = stretched(mask_means(cam_CHW, masks))
    background_S1 = (1 - score_SC.max(axis=1, initial=0, keepdims=True)) ** settings.alpha
    score_SK = np.concatenate([background_S1, score_SC], axis=1)
    labels = as_labels(np.concatenate([[BACKGROUND], class_ids]))
    return MaskVotes(score_SK, labels[score_SK.argmax(axis=1)], score_SK.max(axis=1))


def painting_order(votes: MaskVotes, level_S: np.ndarray, area_S: np.ndarray, settings: SamsSettings) -> np.ndarray:
    """Indices of the masks, the later ones on top; equals in their order."""
    if settings.on_top == "small":
        return np.argsort(-area_S.astype(np.int64), kind="stable")
    return np.lexsort((votes.confidence_S, level_S))


def sams_seed(
    cam_CHW: np.ndarray, class_ids: np.ndarray, regions: RegionRow, settings: SamsSettings
) -> tuple[np.ndarray, np.ndarray | None]:
    """Label map (H, W) and, if the settings ask for it, the confidence of the mask on top, (H, W) uint8.

    `cam_CHW` float32 CAMs of any range at image size, `class_ids` int32 (C,) their label ids. Raises `ValueError` when
    the masks are not of the CAMs' size.
    """
    height, width = cam_CHW.shape[1:]
    if regions.size_hw != (height, width):
        raise ValueError(
            f"image {regions.image_id!r}: expected masks of the CAMs' size {height} x {width}, found "
            f"{regions.size_hw[0]} x {regions.size_hw[1]}; make both from the same image"
        )
    used = np.flatnonzero(regions.area > 0)
    fallback = BACKGROUND if len(used) or settings.without_masks == "background" else IGNORE
    owner_P = np.zeros(height * width, np.int32)  # mask on top, counted from 1
    label_of, confidence_of = as_labels([fallback]), np.zeros(1, np.uint8)
    if len(used):
        masks = [one_ranges(regions.rles[index], regions.size_hw, f"image {regions.image_id!r}") for index in used]
        votes = mask_votes(cam_CHW, class_ids, masks, settings)
        for index in painting_order(votes, regions.level[used], regions.area[used], settings):
            for start, end in zip(masks[index][0].tolist(), masks[index][1].tolist(), strict=True):
                owner_P[start:end] = index + 1
        label_of = np.concatenate([label_of, votes.label_S])
        confidence_S = np.rint(votes.confidence_S * MAXIMUM_CONFIDENCE).astype(np.uint8)
        confidence_of = np.concatenate([confidence_of, confidence_S])
    owner_HW = owner_P.reshape(width, height).T
    label_HW = np.ascontiguousarray(label_of[owner_HW])
    return label_HW, np.ascontiguousarray(confidence_of[owner_HW]) if settings.confidence else None


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its CAMs and masks."""
    settings = context.typed_settings(SamsSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "cams", CamRow)
        scores_KHW, class_ids = row.scores(), row.class_ids
        if has_own_background(class_ids):
            scores_KHW, class_ids = scores_KHW[1:], class_ids[1:]
        regions = typed_row(rows, "regions", RegionRow)
        return LabelRow(row.image_id, *sams_seed(scores_KHW, class_ids, regions, settings))

    return process
