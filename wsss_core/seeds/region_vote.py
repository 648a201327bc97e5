"""Seeds by region vote: class scores are averaged over each region, and every region takes one label.

Regions may be a partition (superpixels) or overlapping masks (SAM). They are painted from large to small, so that a
part stands on its whole; pixels in no region follow the rule for single pixels.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.artifacts.region_masks import masks_large_to_small
from wsss_core.artifacts.regions import RegionRow
from wsss_core.cams.foreground import has_own_background
from wsss_core.seeds.background import default_rule, label_of, margin_confidence, with_background
from wsss_core.settings.seeds import RegionVoteSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

DEFAULT_THRESHOLD = 0.2  # as for argmax seeds


def region_means(scores_KHW: np.ndarray, pixels: Sequence[np.ndarray]) -> np.ndarray:
    """Mean scores (K, R) float32 over each region, given as flat pixel indices (not empty)."""
    flat_KP = scores_KHW.reshape(len(scores_KHW), scores_KHW.shape[1] * scores_KHW.shape[2])
    means_KR = np.zeros((len(scores_KHW), len(pixels)), np.float32)
    for region, indices in enumerate(pixels):
        means_KR[:, region] = flat_KP[:, indices].mean(axis=1)
    return means_KR


def region_vote_seed(
    scores_KHW: np.ndarray,
    class_ids: Sequence[int] | np.ndarray,
    masks: Iterable[np.ndarray],
    settings: RegionVoteSettings,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Label map (H, W) and, if the settings ask for it, confidence (H, W) uint8.

    `scores_KHW` float, one channel per label id in `class_ids`. `masks`: bool (H, W), in painting order (later ones
    cover earlier ones); each is averaged over all of its pixels, also those that a later mask covers. The background
    competes with the averages, see `seeds.background`. Empty masks are passed over.
    """
    default = None if has_own_background(class_ids) else DEFAULT_THRESHOLD
    rule = default_rule(settings, threshold=default)
    pixels = [indices for indices in map(np.flatnonzero, masks) if indices.size]
    pixel_KHW, label_ids = with_background(scores_KHW, class_ids, rule)
    region_K1R, _ = with_background(region_means(scores_KHW, pixels)[:, None], class_ids, rule)
    label_HW = label_of(pixel_KHW, label_ids)
    confidence_HW = margin_confidence(pixel_KHW)
    _paint(label_HW, pixels, label_of(region_K1R, label_ids)[0])
    _paint(confidence_HW, pixels, margin_confidence(region_K1R)[0])
    return label_HW, confidence_HW if settings.confidence else None


def _paint(map_HW: np.ndarray, pixels: Sequence[np.ndarray], values_R: np.ndarray) -> None:
    flat = map_HW.reshape(-1)
    for indices, value in zip(pixels, values_R, strict=True):
        flat[indices] = value


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its CAMs and regions."""
    settings = context.typed_settings(RegionVoteSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "cams", CamRow)
        masks = masks_large_to_small(typed_row(rows, "regions", RegionRow), settings.minimum_area)
        return LabelRow(row.image_id, *region_vote_seed(row.scores(), row.class_ids, masks, settings))

    return process
