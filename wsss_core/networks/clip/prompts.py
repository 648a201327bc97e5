"""Learnable words in front of, around or behind a class name (CoOp, Zhou et al., IJCV 2022)."""

from typing import Literal

import torch
from torch import nn

Position = Literal["end", "middle", "front"]
"""Where the name stands: behind the context, in its middle, or in front of it."""


class PromptContext(nn.Module):
    """The only thing that learns: word embeddings `ctx`, (M, D) for all prompts or (G, M, D), one for each."""

    def __init__(self, start: torch.Tensor) -> None:
        """`start` float (M, D) or (G, M, D). Raises `ValueError` for other axes or no word."""
        super().__init__()
        if start.ndim not in (2, 3) or 0 in start.shape:
            raise ValueError(f"expected a context (M, D) or (G, M, D), found shape {tuple(start.shape)}")
        self.ctx = nn.Parameter(start.detach().float().clone())

    @property
    def words(self) -> int:
        """Number M of learnt words."""
        return int(self.ctx.shape[-2])

    def forward(self, placeholder_GLD: torch.Tensor, order_GL: torch.Tensor) -> torch.Tensor:
        """Word embeddings (G, L, D) of the prompts.

        Args:
            placeholder_GLD: embeddings of "X X ... X <name>.", whose tokens 1 to M are the placeholders.
            order_GL: int64, which of the placeholder text's tokens stands at each place; see `arrangement`.

        Raises `ValueError` where the context is for another number of prompts or another width.
        """
        prompts, _, width = placeholder_GLD.shape
        expected = (prompts, self.words, width)
        if self.ctx.shape[-1] != width or (self.ctx.ndim == 3 and len(self.ctx) != prompts):
            raise ValueError(
                f"expected a context {expected[1:]} or {expected} for {prompts} prompts of this CLIP, found "
                f"{tuple(self.ctx.shape)}; the list of names, or the CLIP, is another than that of the context"
            )
        context_GMD = self.ctx.expand(expected).to(placeholder_GLD.dtype)
        rest_GLD = placeholder_GLD[:, 1 + self.words :]
        filled_GLD = torch.cat([placeholder_GLD[:, :1], context_GMD, rest_GLD], dim=1)
        rows_G1 = torch.arange(prompts, device=order_GL.device)[:, None]
        return filled_GLD[rows_G1, order_GL]  # not `gather`, whose gradient on CUDA is not deterministic


def arrangement(name_lengths: list[int], words: int, position: Position, length: int) -> torch.Tensor:
    """Which token of "<start> X ... X <name> . <end>" stands at each place of the prompts, int64 (G, L).

    `name_lengths`: tokens of each name; `words`: number M of placeholders. With `middle`, M // 2 words stand in front
    of the name. Start, full stop, end and padding keep their places. Raises `ValueError` for a text that is too long.
    """
    before = {"end": words, "middle": words // 2, "front": 0}[position]
    rows = []
    for name_length in name_lengths:
        if 1 + words + name_length + 2 > length:
            raise ValueError(
                f"{words} learnt words and a name of {name_length} tokens do not fit into {length} tokens with start, "
                "full stop and end; shorten the name or the context"
            )
        context = list(range(1, 1 + words))
        name = list(range(1 + words, 1 + words + name_length))
        rest = range(1 + words + name_length, length)
        rows.append([0, *context[:before], *name, *context[before:], *rest])
    return torch.tensor(rows)
