"""Softmax Grad-CAM with ViT-B/16 (FMA-WSSS): text features made once, attention of the last blocks only.

Baseline (the public code of FMA-WSSS, Yang & Gong, WACV 2024): all prompts through the text encoder, padding too, for
every image, and the attention of all blocks kept. Weights are random: they do not matter to the time.
"""

import numpy as np
import torch

from benchmarks.pictures import picture
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.cams.gradcam import softmax_gradcam
from wsss_core.clip.context_start import random_context
from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, patch_attention
from wsss_core.clip.preprocessing import whole_patches
from wsss_core.clip.text_prompts import TextPrompts
from wsss_core.networks.clip.clip import CLIP, CLIP_RGB
from wsss_core.networks.clip.prompts import PromptContext
from wsss_core.networks.clip.size import ClipSize
from wsss_core.settings.data import VOC_CLASSES
from wsss_core.settings.prompts import VOC_BACKGROUND

SIZE_HW = (375, 500)
TAGS = (5, 15)
BLOCKS = 8
WORDS = 16


def plain_gradcam(
    clip: CLIP, text: TextPrompts, context: PromptContext, image_HW3: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Maps and attention the published way."""
    image = torch.from_numpy(CLIP_RGB(whole_patches(image_HW3, clip.visual.patch)))[None]
    with torch.no_grad():
        words_GLD = context(text.placeholder_GLD, text.order_GL) + clip.positional_embedding
        tokens_GLD = clip.ln_final(clip.transformer(words_GLD, causal=True))
        text_GE = tokens_GLD[torch.arange(len(tokens_GLD)), text.end_G] @ clip.text_projection
    found = image_pass(clip, image, attention_blocks=clip.visual.blocks)
    present_1C = torch.zeros((1, len(VOC_CLASSES)), dtype=torch.bool)
    present_1C[0, [label - 1 for label in TAGS]] = True
    scores_1G = masked_softmax(clip.logits(found.feature_BE, text_GE), present_1C)
    maps_Khw = class_maps(found, scores_1G, present_1C, graph=False)
    attention = torch.stack(found.attention)[-BLOCKS:]
    return maps_Khw.numpy(), patch_attention(tuple(attention))[0].half().numpy()


def run() -> list[Comparison]:
    """Time per image; both ways must give the same maps and attention."""
    torch.manual_seed(0)
    clip = CLIP(ClipSize()).requires_grad_(False).eval()
    text = TextPrompts(clip, (*VOC_CLASSES, *VOC_BACKGROUND), WORDS, "end")
    context = PromptContext(random_context((WORDS, clip.size.text_width), 0.015, 0)).requires_grad_(False)
    image_HW3 = picture(0, SIZE_HW)
    text_GE = text(clip, context)
    plain_ms, expected = best_time_ms(lambda: plain_gradcam(clip, text, context, image_HW3), repeats=2)
    ours_ms, found = best_time_ms(
        lambda: softmax_gradcam(clip, text_GE, image_HW3, TAGS, len(VOC_CLASSES), BLOCKS), repeats=2
    )
    for new, old in zip(found, expected, strict=True):
        assert new is not None
        np.testing.assert_allclose(new, old, rtol=1e-2, atol=1e-3 * np.abs(old).max())
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {len(TAGS)} classes, 45 prompts"
    return [Comparison("Grad-CAM of ViT-B/16 with attention", size, "ms", plain_ms, ours_ms, target=2)]
