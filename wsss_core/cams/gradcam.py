"""Softmax Grad-CAM of CLIP with learnt prompts (CLIP-ES, Lin et al., CVPR 2023; FMA-WSSS, Yang & Gong, WACV 2024).

The text features are the same for all images and made once. Of an image, only the last block is run backwards.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from wsss_core.artifacts.cams import CamRow
from wsss_core.artifacts.formats import Row
from wsss_core.artifacts.manifest import ImageRecord
from wsss_core.cams.scales import bounded_image
from wsss_core.checkpoints.clip_of_prompts import clip_of_prompts
from wsss_core.checkpoints.prompts_store import load_prompts
from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, patch_attention
from wsss_core.clip.preprocessing import whole_patches
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.data.images import read_image
from wsss_core.networks.clip.clip import CLIP, CLIP_RGB
from wsss_core.networks.precision import Precision
from wsss_core.settings.cams import GradcamSettings
from wsss_core.stages.context import Processor, StageContext


def softmax_gradcam(
    clip: CLIP,
    text_GE: torch.Tensor,
    image_HW3: np.ndarray,
    class_ids: Sequence[int],
    classes: int,
    attention_blocks: int = 0,
    precision: Precision = "float32",
) -> tuple[np.ndarray, np.ndarray | None]:
    """Raw CAMs float32 (K, h, w) of the tagged classes, and, if wanted, the attention float16 (N, N), N = h·w.

    Args:
        clip: frozen, on the device of `text_GE`.
        text_GE: text features of the foreground classes, then of the backgrounds.
        image_HW3: uint8 RGB; enlarged to whole patches here.
        class_ids: label ids (1..C) of the image's tags, ascending.
        classes: number of foreground classes C.
        attention_blocks: of how many last blocks the mean attention is taken; 0: none.
        precision: arithmetic of the network.
    """
    device = text_GE.device
    image_3HW = CLIP_RGB(whole_patches(image_HW3, clip.visual.patch))
    present_1C = torch.zeros((1, classes), dtype=torch.bool, device=device)
    present_1C[0, [label - 1 for label in class_ids]] = True
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        image = image_pass(clip, torch.from_numpy(image_3HW)[None].to(device), attention_blocks)
        scores_1G = masked_softmax(clip.logits(image.feature_BE, text_GE), present_1C)
    maps_Khw = class_maps(image, scores_1G, present_1C, graph=False).float().cpu().numpy()
    if not attention_blocks:
        return maps_Khw, None
    return maps_Khw, patch_attention(image.attention)[0].half().cpu().numpy()


def prompt_features(clip: CLIP, folder: Path) -> torch.Tensor:
    """Text features (G, E) of the prompts learnt in the stage's `folder`, on the CLIP's device."""
    context, card = load_prompts(folder)
    with torch.no_grad():
        text = TextPrompts(clip, card.names, context.words, card.position)
        return text(clip, context.to(clip.logit_scale.device))


def processor(context: StageContext) -> Processor:
    """Makes the `CamRow` of one image: the raw maps of its tags, with attention if the settings ask for it."""
    settings = context.typed_settings(GradcamSettings)
    folder = context.inputs["classifier"]
    _, card = load_prompts(folder)
    clip = clip_of_prompts(folder, settings.clip_weights, context.device)
    text_GE = prompt_features(clip, folder)
    blocks = settings.attention_blocks if settings.attention else 0

    def process(record: ImageRecord, rows: Mapping[str, Row]) -> CamRow:
        size_hw = (record.height, record.width)
        class_ids = np.asarray(record.tags, np.int32)
        if not len(class_ids):
            return CamRow(record.image_id, size_hw, class_ids, (np.zeros((0, 1, 1), np.float32),), size_hw, True)
        image_HW3 = bounded_image(read_image(record.file), settings.max_pixels)
        maps_Khw, attention_NN = softmax_gradcam(
            clip, text_GE, image_HW3, record.tags, len(card.classes), blocks, settings.precision
        )
        return CamRow(record.image_id, size_hw, class_ids, (maps_Khw,), size_hw, True, attention_NN)

    return process
