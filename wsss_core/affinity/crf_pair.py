"""Two CRFs per image, with a strong and a weak background: the pixels they agree on train the affinity network.

PSA (Ahn & Kwak, CVPR 2018), section 3.2: a low background power alpha makes the background strong, so what is still
foreground is sure foreground; a high one makes it weak, so what is still background is sure background.
"""

from collections.abc import Mapping

import numpy as np

from wsss_core.artifacts.affinity_labels import AffinityLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import has_own_background, power_background
from wsss_core.crf import crf_from_unaries, unary_from_probabilities
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND
from wsss_core.settings.affinity_labels import CrfPairSettings
from wsss_core.settings.crf import CrfSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def crf_pair(
    image_HW3: np.ndarray, foreground_CHW: np.ndarray, low_alpha: float, high_alpha: float, settings: CrfSettings
) -> tuple[np.ndarray, np.ndarray]:
    """CRF probabilities for the low and the high alpha (PSA: 4 and 32), each (C+1, H, W) float32, background first.

    `foreground_CHW`: class scores in [0, 1] of the image's size. The background score is (1 - max)^alpha; scores and
    background enter the CRF as they are, not normalised. Without any class (C = 0) the background has probability 1.
    """
    if not 0 < low_alpha < high_alpha:
        raise ValueError(
            f"expected 0 < low_alpha < high_alpha, found {low_alpha} and {high_alpha}: swap or change them"
        )
    energies = [
        unary_from_probabilities(np.concatenate([power_background(foreground_CHW, alpha)[None], foreground_CHW]))
        for alpha in (low_alpha, high_alpha)
    ]
    low_KHW, high_KHW = crf_from_unaries(image_HW3, energies, settings)
    return low_KHW, high_KHW


def processor(context: StageContext) -> Processor:
    """Makes the `AffinityLabelRow` of one image from its CAMs.

    A background channel that the CAMs bring along is left out: both backgrounds are powers of the classes' scores.
    """
    settings = context.typed_settings(CrfPairSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> AffinityLabelRow:
        row = typed_row(rows, "cams", CamRow)
        first = 1 if has_own_background(row.class_ids) else 0
        foreground_CHW = row.scores()[first:]
        low_KHW, high_KHW = crf_pair(
            read_image(record.file), foreground_CHW, settings.alpha_low, settings.alpha_high, settings.crf
        )
        class_ids = np.concatenate([[BACKGROUND], row.class_ids[first:]]).astype(np.int32)
        return AffinityLabelRow(row.image_id, class_ids, low_KHW.astype(np.float16), high_KHW.astype(np.float16))

    return process
