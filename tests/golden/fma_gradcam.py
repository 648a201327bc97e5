"""Checks of the CLIP cases of FMA: tokens, position embeddings, Grad-CAM with everything on the way to it."""

import numpy as np
import torch
from golden.cases import Case
from golden.compare import assert_equal
from golden.fma_setting import assert_within, clip_of, images, meaning, present, prompts, stride

from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, patch_attention
from wsss_core.clip.text_prompts import name_lengths, prompt_texts
from wsss_core.clip.tokenizer import tokenize

CLASS_TOKEN = 0
PUBLISHED_BLOCKS = 8


def check_tokens(case: Case) -> None:
    inputs = case.spec["inputs"]
    for kind, names in inputs["names"].items():
        ids = tokenize(prompt_texts(names, inputs["n_ctx"]))
        assert_equal(ids, case.arrays[f"{kind}_ids"], f"{case.title}: {kind}_ids")
        assert_equal(np.array(name_lengths(names)), case.arrays[f"{kind}_name_len"], f"{case.title}: {kind}_name_len")


def check_positions(case: Case) -> None:
    step = case.spec["inputs"]["channel_stride"]
    for height, width in case.spec["inputs"]["sizes"]:
        positions = clip_of(case).visual.positions((height, width)).numpy()
        assert_within(positions[:, ::step], case, f"p{height}x{width}")


def check_gradcam(case: Case) -> None:
    clip = clip_of(case)
    text, context = prompts(case)
    image = image_pass(clip, images(case), attention_blocks=clip.visual.blocks)
    with torch.no_grad():
        text_GE = text(clip, context)
    logits = clip.logits(image.feature_BE, text_GE)
    scores = masked_softmax(logits, present(case))
    maps = class_maps(image, scores, present(case), graph=False)
    tokens = (image.tokens_BLD @ clip.visual.proj).detach()
    found = {
        "text_features": text_GE[:, :: stride(meaning(case, "text_features"), r"E strided by (\d+)")],
        "cls_emb": tokens[:, CLASS_TOKEN],
        "img_emb": image.feature_BE.detach(),
        "logits": logits.detach(),
        "sm_logits": scores.detach(),
        "pos_cam": maps,
        "gcam_avt": strided(case, "gcam_avt", image.tap_BLD.detach().transpose(0, 1), 0, 2),
        "patch_emb": strided(case, "patch_emb", tokens[:, 1:], 1, 2),
        "att_last8": both(case, "att_last8", patch_attention(image.attention[-PUBLISHED_BLOCKS:])),
        "att_layers": both(case, "att_layers", torch.stack(image.attention, dim=1)),
    }
    for name, value in found.items():
        assert_within(value.numpy(), case, name)
    assert set(case.arrays) == set(found)


def strided(case: Case, array: str, value: torch.Tensor, token_axis: int, channel_axis: int) -> torch.Tensor:
    """Every so many tokens and channels, as the case says."""
    steps = [1] * value.ndim
    steps[token_axis] = stride(meaning(case, array), r"token stride (\d+)")
    steps[channel_axis] = stride(meaning(case, array), r"channel stride (\d+)")
    return value[tuple(slice(None, None, step) for step in steps)]


def both(case: Case, array: str, value: torch.Tensor) -> torch.Tensor:
    """Every so many tokens in the last two axes, as the case says."""
    step = stride(meaning(case, array), r"stride (\d+) in both")
    return value[..., ::step, ::step]
