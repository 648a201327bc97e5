"""Loading a published CLIP: OpenAI's TorchScript archives, state dicts, and folders of Hugging Face."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch

from wsss_core.checkpoints.clip_layout import HUGGING_FACE_MARK, MARK, RESNET_MARK, size_of, to_own_names
from wsss_core.checkpoints.file_names import weights_file
from wsss_core.checkpoints.fit import compare, fitting_backbones, shapes_of
from wsss_core.checkpoints.pretrained import CheckpointError, detect_layout
from wsss_core.checkpoints.reading import State, read_state
from wsss_core.networks.clip.clip import CLIP
from wsss_core.networks.clip.size import ClipSize

CONFIG_NAME = "config.json"


def load_clip(path: Path, device: torch.device | str = "cpu") -> CLIP:
    """The CLIP in `path`, in float32, evaluation mode and frozen, on `device`.

    `path`: OpenAI's `ViT-B-16.pt`, a state dict with names of OpenAI or Hugging Face, or a folder of Hugging Face.

    Raises:
        FileNotFoundError: no such file.
        CheckpointError: another network, or a misfit; the text names the first missing, unexpected and wrong-shape
            entry.
        ValueError: the file is unreadable.
    """
    file = weights_file(path)
    state = read_state(file)
    size, own = clip_weights(state, file)
    with torch.device("meta"):
        clip = CLIP(size)
    clip.load_state_dict(own, assign=True)
    return clip.requires_grad_(False).to(device).eval()


def clip_weights(state: State, file: Path) -> tuple[ClipSize, State]:
    """Size and weights, under our names, of the state dict of a file. Raises as `load_clip`."""
    if (MARK not in state and HUGGING_FACE_MARK not in state) or RESNET_MARK in state:
        raise CheckpointError(f"{file}: expected a CLIP with a vision transformer, found {_described(state, file)}")
    try:
        own = to_own_names(state)
        size = size_of(own, _config(file))
        with torch.device("meta"):
            expected = shapes_of(CLIP(size).state_dict())
    except KeyError as error:
        raise CheckpointError(f"{file}: a CLIP without {error}; is the file complete?") from error
    except ValueError as error:
        raise CheckpointError(f"{file}: {error}") from error
    if misfit := compare(expected, shapes_of(own)):
        raise CheckpointError(f"{file} is no complete CLIP of the size that its first layers show: {misfit.describe()}")
    return size, own


def _config(file: Path) -> Mapping[str, object] | None:
    """Values of Hugging Face's config beside the file, where there is one."""
    path = file.with_name(CONFIG_NAME)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON, found a damaged file ({error}); fetch it again") from error
    if not isinstance(content, Mapping) or not {"vision_config", "text_config"} & set(content):
        raise ValueError(f"{path}: expected the config of a CLIP with `vision_config` and `text_config`")
    return content


def _described(state: State, file: Path) -> str:
    """Which network a file that is no such CLIP would fit."""
    if RESNET_MARK in state:
        return "a CLIP with a ResNet; use that of ViT-B/16"
    try:
        layout = detect_layout(state, file)
    except CheckpointError:
        return f"entries such as {', '.join(list(state)[:3])}"
    fitting = fitting_backbones(shapes_of(layout.translate(state)), layout.absent)
    return f"{layout.name} names, weights of {' or '.join(fitting) or 'no network known here'}"
