"""The CLIP that learnt words belong to."""

from pathlib import Path

import torch

from wsss_core.artifacts.checksum import sha256_of
from wsss_core.checkpoints.clip_file import load_clip
from wsss_core.checkpoints.file_names import weights_file
from wsss_core.checkpoints.prompts_store import PromptsCard, load_prompts
from wsss_core.networks.clip.clip import CLIP


def clip_of_prompts(folder: Path, moved: Path | None, device: torch.device | str) -> CLIP:
    """The frozen CLIP with which the words in the stage's `folder` were learnt, on `device`.

    `moved`: where it is now, if not where it was then. Raises `ValueError` where that is another CLIP, and what
    `load_prompts` and `load_clip` raise.
    """
    _, card = load_prompts(folder)
    return load_clip(same_clip(card, moved), device)


def same_clip(card: PromptsCard, moved: Path | None) -> Path:
    """The CLIP of the prompts: where it was, or at `moved`. Raises `ValueError` where that is another file."""
    path = Path(card.clip) if moved is None else moved
    file = weights_file(path)
    if file.is_file() and sha256_of(file) != card.clip_sha256:
        raise ValueError(
            f"{file}: expected the CLIP with which the prompts were learnt (sha256 {card.clip_sha256[:12]}...), found "
            "another; name that one in the setting `clip_weights`, or train the prompts again"
        )
    return path
