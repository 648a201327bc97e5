"""Seeds by argmax: each pixel takes the class with the highest score, or the background (PSA, CVPR 2018)."""

from collections.abc import Mapping, Sequence

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.label_ids import IGNORE, UNLABELLED
from wsss_core.seeds.background import default_rule, ignore_band, label_of, margin_confidence, with_background
from wsss_core.settings.seeds import ArgmaxSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

DEFAULT_THRESHOLD = 0.2  # background score of PSA's CAM label maps


def argmax_seed(
    scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, settings: ArgmaxSettings
) -> tuple[np.ndarray, np.ndarray | None]:
    """Label map (H, W) and, if the settings ask for it, confidence (H, W) uint8.

    `scores_KHW` float, one channel per label id in `class_ids`. See `seeds.background` for the background.
    """
    if settings.scores == "unit":
        scores_KHW = unit_scores(scores_KHW)
    default = None if has_own_background(class_ids) else DEFAULT_THRESHOLD
    rule = default_rule(settings, threshold=default)
    all_KHW, label_ids = with_background(scores_KHW, class_ids, rule)
    label_HW = label_of(all_KHW, label_ids)
    if settings.ignore_below is not None:
        label_HW = ignore_band(label_HW, scores_KHW, class_ids, settings.ignore_below)
    if settings.ignore_weak is not None:
        label_HW = np.where(all_KHW.max(axis=0) < settings.ignore_weak, IGNORE, label_HW)
    if settings.unlabelled_below is not None:
        unsure_HW = all_KHW.max(axis=0) < np.float32(settings.unlabelled_below)
        label_HW = np.where(unsure_HW, UNLABELLED, label_HW)
    return label_HW, margin_confidence(all_KHW) if settings.confidence else None


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its CAMs."""
    settings = context.typed_settings(ArgmaxSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "cams", CamRow)
        return LabelRow(row.image_id, *argmax_seed(row.scores(), row.class_ids, settings))

    return process
