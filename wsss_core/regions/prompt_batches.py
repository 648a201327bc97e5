"""How many prompts are decoded together: what memory takes, and half of it when memory runs out."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from wsss_core.networks.sam.sam import Sam

logger = logging.getLogger(__name__)

ON_CPU = 4
"""Fastest on a CPU, whose caches hold little more."""
LARGEST = 256
"""The published number; more is no faster."""
_COPIES = 10
"""Float32 tensors of the size of a prompt's cells that live at once in the decoder, generously."""

Result = TypeVar("Result")


class PromptBatches:
    """Cuts prompts into batches and remembers the size that memory took."""

    def __init__(self, wanted: int | None, network: Sam, device: torch.device) -> None:
        """`wanted`: prompts per batch, or None for what fits."""
        self.size = fitting_size(network, device) if wanted is None else wanted

    def run(self, prompt_P2: torch.Tensor, work: Callable[[torch.Tensor], Result]) -> Iterator[tuple[int, Result]]:
        """Number of the first prompt and result of each batch, in order.

        When a GPU's memory runs out the batch is halved and done again, with a warning. Raises what `work` raises, and
        `torch.OutOfMemoryError` when one prompt alone is too much.
        """
        start = 0
        while start < len(prompt_P2):
            try:
                result = work(prompt_P2[start : start + self.size])
            except torch.OutOfMemoryError:
                if self.size == 1:
                    raise
                self.size = max(1, self.size // 2)
                logger.warning("GPU memory ran out; decoding %d prompts at a time from now on", self.size)
                torch.cuda.empty_cache()
                continue
            yield start, result
            start += self.size


def fitting_size(network: Sam, device: torch.device) -> int:
    """Prompts whose cells take at most half of the free memory of a GPU; `ON_CPU` on a CPU."""
    if device.type != "cuda":
        return ON_CPU
    free_bytes, _ = torch.cuda.mem_get_info(device)
    cells = network.grid_hw[0] * network.grid_hw[1]
    width = network.mask_decoder.mask_tokens.embedding_dim
    return int(min(LARGEST, max(1, free_bytes // 2 // (4 * cells * width * _COPIES))))
