"""Random start of a learnt context, a function of a word (FMA-WSSS, code)."""

import hashlib

import torch

SEEDS = 2**32


def seed_of(text: str) -> int:
    """SHA-1 of the UTF-8 text as a number below 2^32."""
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16) % SEEDS


def random_context(shape: tuple[int, ...], std: float, seed: int) -> torch.Tensor:
    """Normal numbers of mean 0 on the CPU, float32 of any shape."""
    return torch.empty(shape).normal_(0, std, generator=torch.Generator().manual_seed(seed))
