"""Which image comes when, and with which random numbers: functions of seed, epoch and image alone.

No generator has a state that a resumed training would have to restore, and nothing depends on how many processes
prepare the images.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

# Keeps the draws for the order of an epoch apart from those for the augmentation of an image.
_ORDER_STREAM = 0
_SAMPLE_STREAM = 1


class SampleKey(NamedTuple):
    """Image number `image` as seen in `epoch` (both from 0)."""

    epoch: int
    image: int


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Random permutation of 0..count-1, int64 (count,)."""
    return np.random.default_rng([seed, _ORDER_STREAM, epoch]).permutation(count)


def sample_generator(seed: int, key: SampleKey) -> np.random.Generator:
    """The generator for the augmentation of one image in one epoch."""
    return np.random.default_rng([seed, _SAMPLE_STREAM, key.epoch, key.image])


def steps_per_epoch(count: int, batch: int) -> int:
    """Full batches in an epoch of `count` images; an incomplete last one is dropped (PSA).

    With fewer images than a batch, the epoch is one batch of all images. Raises `ValueError` for no images.
    """
    if count < 1:
        raise ValueError("there is no image to train on; check the stage's splits and the data stage's list")
    return max(1, count // batch)


def batch_keys(count: int, batch: int, seed: int, step: int) -> list[SampleKey]:
    """The images of optimiser step `step` (from 0), at most `batch` of them."""
    epoch, place = divmod(step, steps_per_epoch(count, batch))
    indices = epoch_order(count, seed, epoch)[place * batch : (place + 1) * batch]
    return [SampleKey(epoch, int(index)) for index in indices]


def pieces(keys: list[SampleKey], accumulate: int) -> list[list[SampleKey]]:
    """A batch cut into at most `accumulate` consecutive pieces of nearly equal length, none empty."""
    parts = min(accumulate, len(keys))
    bounds = [round(number * len(keys) / parts) for number in range(parts + 1)]
    return [keys[start:end] for start, end in itertools.pairwise(bounds)]


def own_pieces(keys: list[SampleKey], accumulate: int, rank: int, size: int) -> list[list[SampleKey]]:
    """Those pieces of a batch that process `rank` of `size` takes, at most `accumulate`; together they are the batch.

    Raises `ValueError` when there are fewer images than processes.
    """
    if len(keys) < size:
        raise ValueError(
            f"a batch of {len(keys)} images cannot be spread over {size} processes; lower `compute: "
            "{training_processes: ...}` or raise `batch`"
        )
    return pieces(keys, accumulate * size)[rank::size]


class PieceSampler:
    """The pieces of all steps from `first` to `last` (exclusive): the batch sampler of the data loader.

    Of several processes, each takes its own.
    """

    def __init__(
        self, count: int, batch: int, accumulate: int, seed: int, first: int, last: int, rank: int = 0, size: int = 1
    ) -> None:
        self.count, self.batch, self.accumulate, self.seed = count, batch, accumulate, seed
        self.first, self.last = first, last
        self.rank, self.size = rank, size

    @property
    def pieces_per_step(self) -> int:
        """How many pieces of every step this process takes."""
        return len(self._of_step(0))

    def __iter__(self) -> Iterator[list[SampleKey]]:
        for step in range(self.first, self.last):
            yield from self._of_step(step)

    def _of_step(self, step: int) -> list[list[SampleKey]]:
        return own_pieces(batch_keys(self.count, self.batch, self.seed, step), self.accumulate, self.rank, self.size)
