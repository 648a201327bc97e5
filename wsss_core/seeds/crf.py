"""Seeds by a dense CRF over the class scores and the background, then argmax."""

from collections.abc import Mapping, Sequence

import numpy as np

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.label_maps import MAXIMUM_CONFIDENCE, LabelRow
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background
from wsss_core.crf import crf_probabilities
from wsss_core.data.images import read_image
from wsss_core.seeds.background import default_rule, label_of, with_background
from wsss_core.settings.seeds import CrfSeedsSettings
from wsss_core.stages.context import Processor, StageContext, typed_row

DEFAULT_ALPHA = 4.0  # the confident one of PSA's two CRFs


def crf_seed(
    image_HW3: np.ndarray, scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, settings: CrfSeedsSettings
) -> tuple[np.ndarray, np.ndarray | None]:
    """Label map (H, W) and, if the settings ask for it, the winner's CRF probability times 255, uint8.

    `image_HW3` uint8 RGB of the scores' size; `scores_KHW` float in [0, 1], one channel per label id in `class_ids`.
    """
    default = None if has_own_background(class_ids) else DEFAULT_ALPHA
    rule = default_rule(settings, alpha=default)
    all_KHW, label_ids = with_background(scores_KHW, class_ids, rule)
    probabilities_KHW = crf_probabilities(image_HW3, all_KHW, settings.crf)
    confidence_HW = None
    if settings.confidence:
        winner_HW = np.clip(probabilities_KHW.max(axis=0), 0, 1)
        confidence_HW = np.rint(winner_HW * MAXIMUM_CONFIDENCE).astype(np.uint8)
    return label_of(probabilities_KHW, label_ids), confidence_HW


def processor(context: StageContext) -> Processor:
    """Makes the `LabelRow` of one image from its pixels and CAMs."""
    settings = context.typed_settings(CrfSeedsSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> LabelRow:
        row = typed_row(rows, "cams", CamRow)
        return LabelRow(row.image_id, *crf_seed(read_image(record.file), row.scores(), row.class_ids, settings))

    return process
