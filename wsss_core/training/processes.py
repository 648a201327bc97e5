"""Several processes at one training, started by `torchrun`: each takes its share of every batch.

A step is that of one process which takes the batch in as many pieces (`accumulate`): gradients are summed over the
processes with the pieces' shares as weights, so the global batch, the learning rate and the number of steps stay what
the settings say. Batch norm sees the images of one piece, as in the published systems, whose DataParallel does not
synchronise it either; SPML's authors did, see `shared_norm`. Only process 0 validates, saves and publishes.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import TypeVar

import torch
import torch.distributed as dist

ContextT = TypeVar("ContextT")

_PATIENCE = timedelta(days=7)
"""The others wait while process 0 validates; when one fails, torchrun ends them all."""


def rank() -> int:
    """Number of this process, 0 where it is alone."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """Processes at this training."""
    return dist.get_world_size() if dist.is_initialized() else 1


def join(device: str) -> str:
    """Join the processes that torchrun has started, if it has; the device of this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        return device
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=_PATIENCE)
    if not device.startswith("cuda"):
        return device
    own = f"cuda:{os.environ['LOCAL_RANK']}"
    torch.cuda.set_device(own)
    return own


def leave() -> None:
    """Part from the others; does nothing where a process is alone."""
    if dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def main_first() -> Iterator[None]:
    """The block runs in process 0, and after it in the others."""
    if rank() > 0:
        dist.barrier()
    yield
    if rank() == 0 and size() > 1:
        dist.barrier()


def main_only(train: Callable[[ContextT], None]) -> Callable[[ContextT], None]:
    """Decorator of a stage that several processes cannot share: process 0 alone makes it, so there is one writer."""

    @wraps(train)
    def of_main(context: ContextT) -> None:
        if rank() == 0:
            train(context)

    return of_main


def any_of(condition: bool, device: torch.device | str = "cpu") -> bool:
    """Whether the condition holds in any process; all must ask."""
    return condition if size() == 1 else sum_figures({}, condition, torch.device(device))[1]


def sum_figures(figures: Mapping[str, float], asked: bool, device: torch.device) -> tuple[dict[str, float], bool]:
    """Sums of the figures over the processes, and whether any was asked (to stop); all give the same names.

    Alone: the figures as they are, and False.
    """
    if size() == 1:
        return dict(figures), False
    values = torch.tensor([float(asked), *figures.values()], dtype=torch.float64, device=device)
    dist.all_reduce(values)
    count, *sums = values.tolist()
    return dict(zip(figures, sums, strict=True)), count > 0


def sum_gradients(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Replace the gradients by their sums over the processes; a parameter that none has a gradient of keeps none."""
    if size() == 1:
        return
    learnt = [parameter for parameter in parameters if parameter.requires_grad]
    if not learnt:
        return
    pieces = [torch.zeros_like(p) if p.grad is None else p.grad for p in learnt]
    there = torch.tensor([float(p.grad is not None) for p in learnt], device=pieces[0].device)
    flat = torch.cat([there, *(piece.reshape(-1).float() for piece in pieces)])
    dist.all_reduce(flat)
    start = len(learnt)
    for number, parameter in enumerate(learnt):
        end = start + parameter.numel()
        if flat[number] > 0:
            parameter.grad = flat[start:end].view(parameter.shape).to(parameter.dtype)
        start = end


def seed_step(seed: int, step: int) -> None:
    """Random numbers of a step in all processes but 0, whose generator runs through and is kept with the state.

    A function of seed, step and process: nothing has to be kept for them.
    """
    if rank() > 0:
        numbers = torch.tensor([seed, step, rank()], dtype=torch.int64)
        torch.manual_seed(int((numbers * torch.tensor([1_000_003, 7_919, 104_729])).sum()))
