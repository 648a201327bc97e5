"""Attention between the patches of an image, made anew where it was not stored with the CAMs."""

import numpy as np
import torch

from wsss_core.clip.gradcam import patch_attention
from wsss_core.clip.preprocessing import whole_patches
from wsss_core.networks.clip.clip import CLIP, CLIP_RGB
from wsss_core.networks.precision import Precision


def image_attention(
    clip: CLIP, image_HW3: np.ndarray, attention_blocks: int, precision: Precision = "float32"
) -> np.ndarray:
    """Mean attention of so many last blocks, float16 (N, N), N = h·w: the numbers that Grad-CAM stores.

    `image_HW3` uint8 RGB, enlarged to whole patches here; `precision`: arithmetic of the network.
    """
    device = clip.logit_scale.device
    image_13HW = torch.from_numpy(CLIP_RGB(whole_patches(image_HW3, clip.visual.patch)))[None].to(device)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        before = clip.visual.before_last_block(image_13HW, attention_blocks)
        _, weights_BLL = clip.visual.after_last_norm(before.x_BLD, clip.visual.last_norm(before.x_BLD))
    return patch_attention((*before.attention, weights_BLL))[0].half().cpu().numpy()
