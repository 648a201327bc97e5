"""Two steps of SPML on one of several processes, for torchrun: `shared_segments_training.py STAGES FOLDER`.

Writes what this process found into `FOLDER/RANK.pt`.
"""

import sys
from pathlib import Path

import torch
from torch import nn
from training.spml_stages import TINY
from training.tiny_data import tiny_context

from wsss_core.segmenters.pixel_to_segment import PixelToSegmentTask
from wsss_core.settings.spml import PixelToSegmentSettings
from wsss_core.training import processes
from wsss_core.training.gathered_rows import gathered_rows
from wsss_core.training.loader import batches
from wsss_core.training.sampling import PieceSampler
from wsss_core.training.task import Batch

STEPS = 2
PROCESSES = 2
BATCH = 4
ROWS = (3, 0)
"""How many rows each process brings to the exchange."""


def settings() -> PixelToSegmentSettings:
    return PixelToSegmentSettings.parse(
        {**TINY, "batch": BATCH, "steps": STEPS, "memory_steps": 1, "dropout": 0.0}, "segmenter"
    )


def task_of(stages: Path, folder: Path) -> PixelToSegmentTask:
    """The same start in every process."""
    torch.manual_seed(0)
    context = tiny_context(folder, "segmenter", settings(), seeds=stages / "seeds", regions=stages / "regions")
    task = PixelToSegmentTask(context, settings())
    task.start_training_mode()
    return task


def with_fixed_norms(task: PixelToSegmentTask) -> PixelToSegmentTask:
    """Batch norms that do not follow the images: segments are compared here, not statistics."""
    for module in task.network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return task


def seen(task: PixelToSegmentTask, image_BHW3: torch.Tensor) -> dict[str, torch.Tensor]:
    """The embedding of images in training, and the statistics that they leave."""
    embedding_BDhw = task.network.embed(image_BHW3).detach()
    statistics = {name: value for name, value in task.network.named_buffers() if "running" in name}
    return {"embedding": embedding_BDhw, **statistics}


def pieces_of(task: PixelToSegmentTask, rank: int) -> list[Batch]:
    """One piece of every step."""
    sampler = PieceSampler(len(task.samples), BATCH, 1, 0, 0, STEPS, rank, PROCESSES)
    return list(batches(task.samples, sampler, 0, torch.device("cpu")))


def own_rows(rank: int) -> torch.Tensor:
    return torch.arange(1.0, 1 + 2 * ROWS[rank]).reshape(ROWS[rank], 2).requires_grad_()


def rows_loss(rows: torch.Tensor, rank: int) -> torch.Tensor:
    """A loss that every process weighs otherwise."""
    return (rank + 1) * (rows**2).sum()


def exchange() -> dict[str, object]:
    """All rows as this process sees them, and the gradient of its own."""
    row_NE = own_rows(processes.rank())
    found = gathered_rows(row_NE)
    rows_loss(torch.cat(found), processes.rank()).backward()
    return {"rows": [rows.detach() for rows in found], "gradient": row_NE.grad}


def main(stages: Path, folder: Path) -> None:
    torch.set_num_threads(1)
    processes.join("cpu")
    try:
        found: dict[str, object] = {"exchange": exchange()}
        watched = task_of(stages, folder / "watched")
        found["seen"] = seen(watched, pieces_of(watched, processes.rank())[0]["image"])
        task = with_fixed_norms(task_of(stages, folder / "segmenter"))
        losses = []
        for piece in pieces_of(task, processes.rank()):
            loss, _ = task.loss(piece)
            (loss * len(piece["image"]) / BATCH).backward()
            losses.append(loss.detach())
        processes.sum_gradients(task.network.parameters())
        found |= {"losses": losses, "memory": task.state()}
        found["gradients"] = {name: p.grad for name, p in task.network.named_parameters() if p.grad is not None}
        torch.save(found, folder / f"{processes.rank()}.pt")
    finally:
        processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
