"""From words and a learnt context to the text features of all prompts."""

from collections.abc import Sequence

import torch
from torch import nn

from wsss_core.clip.tokenizer import encode, tokenize
from wsss_core.networks.clip.clip import CLIP
from wsss_core.networks.clip.prompts import Position, PromptContext, arrangement

PLACEHOLDER = "X"


def prompt_texts(names: Sequence[str], words: int) -> list[str]:
    """ "X X ... X <name>." with `words` placeholders; underscores in names become blanks."""
    context = " ".join([PLACEHOLDER] * words)
    return [f"{context} {name.replace('_', ' ')}." for name in names]


def name_lengths(names: Sequence[str]) -> list[int]:
    """Tokens of each name alone; 0 for an empty one."""
    return [len(encode(name.replace("_", " "))) for name in names]


class TextPrompts(nn.Module):
    """The prompts of a fixed list of names for one CLIP: all that is constant about them, as buffers."""

    placeholder_GLD: torch.Tensor
    order_GL: torch.Tensor
    end_G: torch.Tensor

    def __init__(self, clip: CLIP, names: Sequence[str], words: int, position: Position) -> None:
        """`names`: of the foreground classes, then of backgrounds, which may be empty; `words`: learnt words M.

        Raises `ValueError` for a name that is too long.
        """
        super().__init__()
        ids_GL = torch.from_numpy(tokenize(prompt_texts(names, words), clip.size.context_length))
        weight = clip.token_embedding.weight
        with torch.no_grad():
            self.register_buffer("placeholder_GLD", clip.token_embedding(ids_GL.to(weight.device)), persistent=False)
        order_GL = arrangement(name_lengths(names), words, position, clip.size.context_length)
        self.register_buffer("order_GL", order_GL.to(weight.device), persistent=False)
        # The number of the end token is the largest of all; no arrangement moves it.
        self.register_buffer("end_G", ids_GL.argmax(dim=1).to(weight.device), persistent=False)

    def forward(self, clip: CLIP, context: PromptContext) -> torch.Tensor:
        """Text features (G, E), before L2 normalisation."""
        return clip.text_features(context(self.placeholder_GLD, self.order_GL), self.end_G)
