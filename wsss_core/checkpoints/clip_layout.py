"""Names in files of CLIP: those of OpenAI, which are ours, and those of Hugging Face; and the size that they show."""

import math
import re
from collections.abc import Mapping

import torch

from wsss_core.checkpoints.reading import State
from wsss_core.networks.clip.size import ClipSize

MARK = "visual.conv1.weight"
HUGGING_FACE_MARK = "vision_model.embeddings.patch_embedding.weight"
RESNET_MARK = "visual.layer1.0.conv1.weight"
NUMBERS = ("input_resolution", "context_length", "vocab_size")
"""Entries of OpenAI's archives that are no weights."""
HEAD_WIDTH = 64
"""Of every network that OpenAI published, in both encoders."""

_PARTS = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding": "visual.conv1",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm": "visual.ln_pre",  # sic
    "vision_model.post_layernorm": "visual.ln_post",
    "vision_model.encoder.layers": "visual.transformer.resblocks",
    "text_model.embeddings.token_embedding": "token_embedding",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.encoder.layers": "transformer.resblocks",
    "text_model.final_layer_norm": "ln_final",
    "text_projection.weight": "text_projection",
    "visual_projection.weight": "visual.proj",
    "logit_scale": "logit_scale",
}
_IN_BLOCKS = {
    ".self_attn.out_proj.": ".attn.out_proj.",
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
}
_QUERY_KEY_VALUE = ("q", "k", "v")
_SPLIT = re.compile(r"\.self_attn\.([qkv])_proj\.(weight|bias)$")


def to_own_names(state: State) -> State:
    """The weights of a CLIP under the names of OpenAI, from a file with these or those of Hugging Face.

    Raises `ValueError` for an attention of which a part is missing.
    """
    if HUGGING_FACE_MARK not in state:
        return {name: value for name, value in state.items() if name not in NUMBERS}
    own: State = {}
    for name, value in state.items():
        if name.endswith("position_ids"):
            continue
        if (split := _SPLIT.search(name)) is None:
            own[_own_name(name)] = value.T.contiguous() if name.endswith("projection.weight") else value
        elif split[1] == _QUERY_KEY_VALUE[0]:
            joined = f"{_own_name(name[: split.start()])}.attn.in_proj_{split[2]}"
            own[joined] = torch.cat([_third(state, name, split, part) for part in _QUERY_KEY_VALUE])
    return own


def _third(state: State, name: str, split: "re.Match[str]", part: str) -> torch.Tensor:
    sibling = f"{name[: split.start()]}.self_attn.{part}_proj.{split[2]}"
    if sibling not in state:
        raise ValueError(f"expected {sibling!r} beside {name!r}, found none; is the file complete?")
    return state[sibling]


def _own_name(name: str) -> str:
    start = next((part for part in _PARTS if name == part or name.startswith(f"{part}.")), None)
    own = name if start is None else _PARTS[start] + name[len(start) :]
    for theirs, ours in _IN_BLOCKS.items():
        own = own.replace(theirs, ours)
    return own


def size_of(state: State, config: Mapping[str, object] | None = None) -> ClipSize:
    """Size of the CLIP whose weights are given under our names.

    `config`: the values of Hugging Face's `config.json`, for what the shapes do not show: heads (else 64 channels each,
    as in every CLIP of OpenAI) and activation (else the quick GELU). Raises `ValueError` (also `KeyError`) for weights
    or a config of something else.
    """
    image_width, _, _, patch = state[MARK].shape
    text_width, embedding = state["text_projection"].shape
    vision, text = (_part(config, name) for name in ("vision_config", "text_config"))
    return ClipSize(
        embedding=embedding,
        image_width=image_width,
        image_blocks=_blocks(state, "visual.transformer"),
        image_heads=_number(vision, "num_attention_heads", image_width // HEAD_WIDTH),
        patch=patch,
        grid=math.isqrt(len(state["visual.positional_embedding"]) - 1),
        text_width=text_width,
        text_blocks=_blocks(state, "transformer"),
        text_heads=_number(text, "num_attention_heads", text_width // HEAD_WIDTH),
        context_length=len(state["positional_embedding"]),
        vocabulary=len(state["token_embedding.weight"]),
        quick_gelu=_is_quick(vision, text),
    )


def _blocks(state: State, prefix: str) -> int:
    numbers = (re.match(rf"{re.escape(prefix)}\.resblocks\.(\d+)\.", name) for name in state)
    return len({found[1] for found in numbers if found})


def _part(config: Mapping[str, object] | None, name: str) -> Mapping[str, object]:
    part = (config or {}).get(name) or {}
    if not isinstance(part, Mapping):
        raise ValueError(f"config.json: expected a mapping {name!r}, found {part!r}")
    return part


def _number(part: Mapping[str, object], key: str, default: int) -> int:
    value = part.get(key, max(1, default))
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"config.json: expected a whole number {key!r} above 0, found {value!r}")
    return value


def _is_quick(*parts: Mapping[str, object]) -> bool:
    found = {str(part.get("hidden_act", "quick_gelu")) for part in parts}
    if found not in ({"quick_gelu"}, {"gelu"}):
        raise ValueError(f"config.json: expected `hidden_act` quick_gelu or gelu in both encoders, found {found}")
    return found == {"quick_gelu"}
