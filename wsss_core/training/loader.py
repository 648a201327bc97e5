"""From samples to batches on the device, in the order of `sampling`, with or without helper processes."""

import signal
from collections.abc import Iterator

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from wsss_core.training.interruption import SIGNALS
from wsss_core.training.sampling import PieceSampler, SampleKey, sample_generator
from wsss_core.training.task import Batch, Sample, Samples


class KeyedSamples(Dataset[Sample]):
    """Samples addressed by (epoch, image), so that one loader serves a whole training from any step on."""

    def __init__(self, samples: Samples, seed: int) -> None:
        self.samples, self.seed = samples, seed

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: SampleKey) -> Sample:
        return self.samples.sample(key.image, sample_generator(self.seed, key))


def stack(samples: list[Sample]) -> Batch:
    """Batch of samples: every key stacked along a new first axis."""
    return {name: torch.stack([sample[name] for sample in samples]) for name in samples[0]}


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on `device`; float images (B, 3, H, W) in the channels-last layout, which convolutions prefer."""
    moved = {}
    for name, tensor in batch.items():
        is_image = tensor.ndim == 4 and tensor.is_floating_point()
        layout = torch.channels_last if is_image else torch.preserve_format
        moved[name] = tensor.to(device, non_blocking=True, memory_format=layout)
    return moved


def batches(samples: Samples, sampler: PieceSampler, workers: int, device: torch.device) -> Iterator[Batch]:
    """The pieces that `sampler` names, in its order, on `device`."""
    loader = DataLoader(
        KeyedSamples(samples, sampler.seed),
        batch_sampler=sampler,
        num_workers=workers,
        collate_fn=stack,
        worker_init_fn=_prepare_worker if workers else None,
        pin_memory=device.type == "cuda",
        # Its own generator: else each start of the loader draws from the global one, and a resumed training differs.
        generator=torch.Generator(),
    )
    for batch in loader:
        yield to_device(batch, device)


def _prepare_worker(number: int) -> None:
    """One thread per helper, and signals left to the training process.

    A terminal or a job scheduler signals the whole process group; a helper that died of it would break the step after
    which the training process saves its state. Helpers end when that process closes their queue, or dies.
    """
    cv2.setNumThreads(0)
    for caught in SIGNALS:
        signal.signal(caught, signal.SIG_IGN)
