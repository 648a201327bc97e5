"""Label maps that train IRNet: sure foreground, sure background, undecided (IRN, Ahn et al., CVPR 2019, section 4.1).

Two CRFs start from hard labels: with a high threshold on the class scores what stays foreground is sure, with a low one
what stays background is. Where they disagree the pixel is left out of the training.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from wsss_core.artifacts.affinity_labels import IrLabelRow
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.foreground import best_foreground
from wsss_core.crf import crf_from_unaries, unary_from_labels
from wsss_core.data.images import read_image
from wsss_core.label_ids import BACKGROUND, IGNORE, as_labels
from wsss_core.settings.affinity_labels import IrLabelSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def ir_label(
    image_HW3: np.ndarray, scores_KHW: np.ndarray, class_ids: Sequence[int] | np.ndarray, settings: IrLabelSettings
) -> np.ndarray:
    """Label map (H, W): 0 background, label id of a class, or 255 undecided.

    `image_HW3` uint8 RGB; `scores_KHW` float class scores in [0, 1] of the image's size, one channel per entry of
    `class_ids` (ascending label ids). Scores with a background channel of their own (id 0) are compared as the share
    fg / (fg + bg), see `cams.foreground`. Only the classes listed compete in the CRF; without any all is background.
    """
    label_HW, value_HW = best_foreground(scores_KHW, class_ids)
    ids = as_labels([BACKGROUND, *(label for label in class_ids if label != BACKGROUND)])
    channel_HW = np.searchsorted(ids, label_HW)
    energies = [
        unary_from_labels(np.where(value_HW > threshold, channel_HW, 0), len(ids), settings.truth_probability)
        for threshold in (settings.foreground_threshold, settings.background_threshold)
    ]
    sure_HW, weak_HW = (found.argmax(axis=0) for found in crf_from_unaries(image_HW3, energies, settings.crf))
    return np.where((sure_HW == 0) & (weak_HW != 0), IGNORE, ids[sure_HW])


def processor(context: StageContext) -> Processor:
    """Makes the `IrLabelRow` of one image from its CAMs."""
    settings = context.typed_settings(IrLabelSettings)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> IrLabelRow:
        row = typed_row(rows, "cams", CamRow)
        return IrLabelRow(row.image_id, ir_label(read_image(record.file), row.scores(), row.class_ids, settings))

    return process
