"""A CLIP of random weights that builds in a blink, and its files."""

from functools import cache
from pathlib import Path

import torch

from wsss_core.networks.clip.clip import CLIP
from wsss_core.networks.clip.size import ClipSize

SIZE = ClipSize(
    embedding=16,
    image_width=32,
    image_blocks=3,
    image_heads=1,
    grid=4,
    text_width=16,
    text_blocks=2,
    text_heads=1,
)
"""With OpenAI's vocabulary, and as many heads as OpenAI's rule gives for such widths."""


@cache
def tiny_clip(size: ClipSize = SIZE) -> CLIP:
    """Frozen, in evaluation mode; with embeddings large enough that images and words differ."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = CLIP(size)
        for name, parameter in clip.named_parameters():
            if parameter.ndim == 1 and "ln_" not in name:
                torch.nn.init.normal_(parameter, std=0.1)
        torch.nn.init.normal_(clip.token_embedding.weight, std=0.5)
    return clip.requires_grad_(False).eval()


def write_clip(path: Path) -> Path:
    """The tiny CLIP as a state dict under OpenAI's names, in half precision like the published file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({name: value.half() for name, value in tiny_clip().state_dict().items()}, path)
    return path
