"""Class-aware attention affinity: refines CLIP's CAMs by its own attention.

(CLIP-ES, Lin et al., CVPR 2023, section 3.4; FMA-WSSS, Yang & Gong, WACV 2024)
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wsss_core.affinity.attention_affinity import attention_affinity, collected
from wsss_core.affinity.score_boxes import box_masks
from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.scales import bounded_image
from wsss_core.cams.unit_scores import unit_scores
from wsss_core.checkpoints.clip_of_prompts import clip_of_prompts
from wsss_core.clip.attention import image_attention
from wsss_core.data.images import read_image
from wsss_core.settings.refined_cams import ClassAwareAttentionSettings
from wsss_core.stages.context import Processor, StageContext, typed_row


def class_aware_attention(
    cam_Khw: np.ndarray, attention_NN: np.ndarray, settings: ClassAwareAttentionSettings
) -> np.ndarray:
    """Refined CAMs float32 (K, h, w), not normalised.

    Args:
        cam_Khw: raw CAMs of the foreground classes, any range.
        attention_NN: float, from each cell (row) to each (column), N = h·w in row-major order.
        settings: threshold of the boxes, rounds and power of the affinity, what is spread.

    Raises `ValueError` where the attention is for another grid.
    """
    classes, height, width = cam_Khw.shape
    if attention_NN.shape != (height * width, height * width):
        raise ValueError(
            f"expected attention between the {height * width} cells of the {height}x{width} grid of the CAMs, found "
            f"shape {attention_NN.shape}"
        )
    score_Khw = unit_scores(cam_Khw)
    inside_Khw = box_masks(score_Khw, settings.box_threshold)
    value_Khw = score_Khw if settings.values == "score" else cam_Khw
    affinity = attention_affinity(attention_NN, settings.sinkhorn_rounds)
    refined_KN = collected(affinity, value_Khw.reshape(classes, -1), inside_Khw.reshape(classes, -1), settings.power)
    return refined_KN.reshape(cam_Khw.shape)


def processor(context: StageContext) -> Processor:
    """Makes the refined `CamRow` of one image from its CAMs and their attention, stored or made anew."""
    settings = context.typed_settings(ClassAwareAttentionSettings)
    clip = None
    if "classifier" in context.inputs:
        clip = clip_of_prompts(context.inputs["classifier"], settings.clip_weights, context.device)

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        row = typed_row(rows, "cams", CamRow)
        if not len(row.class_ids):
            return replace(row, attention_NN=None)
        attention_NN = row.attention_NN
        if attention_NN is None and clip is not None:
            image_HW3 = bounded_image(read_image(record.file), settings.max_pixels)
            attention_NN = image_attention(clip, image_HW3, settings.attention_blocks, settings.precision)
        if attention_NN is None:
            raise ValueError(
                f"its CAMs in {context.inputs['cams']} have no attention; name their prompts as the input "
                "`classifier`, or make them by the method gradcam with `attention: true`"
            )
        (cam_Khw,) = row.maps
        refined_Khw = class_aware_attention(cam_Khw, attention_NN, settings)
        return replace(row, maps=(refined_Khw,), attention_NN=None)

    return process
