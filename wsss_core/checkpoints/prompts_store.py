"""Learnt words of prompts on disk: `model.safetensors` (the words, a few KB) and `model.json` (what they belong to)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

import torch

from wsss_core.checkpoints.card import Plain
from wsss_core.checkpoints.file_names import CARD_NAME, weights_file
from wsss_core.checkpoints.reading import SINGLE, read_state
from wsss_core.checkpoints.store import checked_weights, read_plain_card, save_weights
from wsss_core.networks.clip.prompts import Position, PromptContext

FORMAT = "prompts 1"
CONTEXT = "ctx"
PUBLISHED_CONTEXT = "prompt_learner.ctx"


@dataclass(frozen=True)
class PromptsCard:
    """What learnt words belong to."""

    classes: tuple[str, ...]
    """Foreground class names in the order of their label ids 1..C."""
    names: tuple[str, ...]
    """What stands in the prompts: the words of the C classes, then of the backgrounds, some of which may be empty."""
    position: Position
    """Where these stand."""
    clip: str
    """Path of the CLIP."""
    clip_sha256: str
    """Checksum of its file."""
    trained_on: Mapping[str, Plain] = field(default_factory=dict)
    """Free facts for provenance."""


def save_prompts(folder: Path, card: PromptsCard, context: PromptContext) -> None:
    """Write learnt words atomically."""
    plain: dict[str, Plain] = {
        "format": FORMAT,
        "classes": list(card.classes),
        "names": list(card.names),
        "position": card.position,
        "clip": card.clip,
        "clip_sha256": card.clip_sha256,
        "trained_on": dict(card.trained_on),
    }
    save_weights(folder, plain, {CONTEXT: context.ctx})


def load_prompts(folder: Path) -> tuple[PromptContext, PromptsCard]:
    """The words in the folder of a trained stage.

    Raises:
        FileNotFoundError: the card or the words are not there.
        ValueError: the card is unreadable or that of a network, or the words are not those it was written with.
    """
    plain, checksum = read_plain_card(folder)
    path = folder / CARD_NAME
    if plain.pop("format", None) != FORMAT:
        raise ValueError(f"{path}: expected learnt prompts ({FORMAT}), found a network; name a stage that has them")
    try:
        card = PromptsCard(
            classes=_names(plain.pop("classes")),
            names=_names(plain.pop("names")),
            position=_position(plain.pop("position")),
            **plain,  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: the card lacks a field or has an unknown one ({error}); train again") from error
    return PromptContext(checked_weights(folder, checksum)[CONTEXT]), card


def read_context(path: Path) -> torch.Tensor:
    """Learnt words float32 (M, D) or (G, M, D) from a published file (key `prompt_learner.ctx`, or a single tensor), or
    from the folder of a trained stage.

    Raises `FileNotFoundError`, and `ValueError` for a file without them.
    """
    file = weights_file(path)
    state = read_state(file)
    for name in (PUBLISHED_CONTEXT, CONTEXT, SINGLE):
        if name in state:
            return state[name]
    raise ValueError(
        f"{file}: expected the learnt words of prompts under {PUBLISHED_CONTEXT!r}, found {', '.join(list(state)[:3])}"
    )


def _names(value: Plain) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list of names, found {value!r}")
    return tuple(str(name) for name in value)


def _position(value: Plain) -> Position:
    if value not in get_args(Position):
        raise ValueError(f"position {value!r}")
    return cast(Position, value)
