"""SPML on two gloo processes: pixels are compared with the segments of both, and gradients reach both."""

from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from segmenters.shared_segments_training import (
    BATCH,
    PROCESSES,
    STEPS,
    own_rows,
    pieces_of,
    rows_loss,
    seen,
    task_of,
    with_fixed_norms,
)
from training.spml_stages import train_embedding, write_rows
from training.tiny_data import write_tiny_data
from training.torchrun import torchrun

from wsss_core.segmenters.pixel_to_segment import PixelToSegmentTask
from wsss_core.segmenters.shared_segments import shared_segments
from wsss_core.segments.memory import SegmentTable
from wsss_core.settings.spml import PixelToSegmentSettings
from wsss_core.training import processes
from wsss_core.training.gathered_rows import gathered_rows
from wsss_core.training.task import Batch

SCRIPT = Path(__file__).with_name("shared_segments_training.py")
Found = dict[str, object]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    write_rows(folder, write_tiny_data(folder / "data"))
    return folder


@pytest.fixture(scope="module")
def together(stages: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """What each of two processes found."""
    folder = tmp_path_factory.mktemp("two")
    done = torchrun(SCRIPT, stages, folder, count=PROCESSES)
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


def loss_with(
    task: PixelToSegmentTask, piece: Batch, others: list[SegmentTable], everything: list[SegmentTable]
) -> tuple[torch.Tensor, SegmentTable]:
    """Loss of a piece among these segments of other pieces, and its own segments."""
    seen = list[SegmentTable]()

    def shared(own: SegmentTable) -> tuple[list[SegmentTable], SegmentTable]:
        seen.append(own)
        return others, everything[0].followed_by(everything[1:]) if everything else own

    with patch("wsss_core.segmenters.pixel_to_segment.shared_segments", shared):
        loss, _ = task.loss(piece)
    return loss, seen[0]


def as_one(task: PixelToSegmentTask, with_gradients: bool = True) -> tuple[list[list[float]], dict[str, torch.Tensor]]:
    """Losses (process by step) and gradients, computed by one process that knows the tables of both pieces."""
    pieces = [pieces_of(task, rank) for rank in range(PROCESSES)]
    losses: list[list[float]] = [[] for _ in pieces]
    for step in range(STEPS):
        before, tables = task.memory.tables, list[SegmentTable]()
        for own_pieces in pieces:
            table = loss_with(task, own_pieces[step], [], [])[1]
            tables.append(table if with_gradients else table.detached())
            task.memory.tables = before
        for rank, own_pieces in enumerate(pieces):
            task.memory.tables = before
            loss, _ = loss_with(task, own_pieces[step], [tables[1 - rank]], tables)
            (loss * len(own_pieces[step]["image"]) / BATCH).backward(retain_graph=True)
            losses[rank].append(float(loss.detach()))
    return losses, {name: p.grad for name, p in task.network.named_parameters() if p.grad is not None}


@pytest.mark.slow
def test_rows_of_all_processes_come_together_and_their_gradients_go_back(together: list[Found]) -> None:
    rows = [own_rows(rank) for rank in range(PROCESSES)]
    sum(rows_loss(torch.cat(rows), rank) for rank in range(PROCESSES)).backward()  # type: ignore[union-attr]
    for rank in range(PROCESSES):
        found = together[rank]["exchange"]
        assert all(torch.equal(a, b) for a, b in zip(found["rows"], rows, strict=True))  # type: ignore[index]
        assert torch.equal(found["gradient"], rows[rank].grad)  # type: ignore[index]


@pytest.mark.slow
def test_losses_and_gradients_are_those_of_one_process_with_the_segments_of_all(
    stages: Path, together: list[Found], tmp_path: Path
) -> None:
    losses, gradients = as_one(with_fixed_norms(task_of(stages, tmp_path)))
    _, without = as_one(with_fixed_norms(task_of(stages, tmp_path)), with_gradients=False)
    for rank in range(PROCESSES):
        assert [float(loss) for loss in together[rank]["losses"]] == pytest.approx(losses[rank], rel=1e-5)  # type: ignore
        found: dict[str, torch.Tensor] = together[rank]["gradients"]  # type: ignore[assignment]
        assert found.keys() == gradients.keys()
        for name, gradient in gradients.items():
            close = 1e-4 * float(gradient.abs().max())
            assert torch.allclose(found[name], gradient, rtol=1e-3, atol=close), name
    name = "aspp.aspp_1.0.weight"
    assert float((without[name] - gradients[name]).abs().max()) > 0.01 * float(gradients[name].abs().max())


@pytest.mark.slow
def test_both_processes_remember_the_same_segments(together: list[Found]) -> None:
    left, right = (found["memory"] for found in together)
    assert {name: value.shape for name, value in left.items()} == {n: v.shape for n, v in right.items()}  # type: ignore
    assert all(torch.equal(value, right[name]) for name, value in left.items())  # type: ignore


def test_a_process_that_is_alone_has_its_own_segments_only() -> None:
    own = SegmentTable(torch.eye(3), torch.tensor([0, 1, 254]), torch.zeros(3, 2))
    assert shared_segments(own) == ([], own)
    assert gathered_rows(own.prototype_ND)[0] is own.prototype_ND


def test_the_memory_holds_all_pieces_of_a_step(tmp_path: Path) -> None:
    manifest = write_tiny_data(tmp_path / "data")
    context = train_embedding(tmp_path, manifest, batch=4, accumulate=2, memory_steps=2, steps=1)
    assert PixelToSegmentTask(context, context.typed_settings(PixelToSegmentSettings)).memory.steps == 4


def test_processes_that_would_wait_for_each_other_for_ever_are_refused(
    stages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "size", lambda: 5)
    with pytest.raises(ValueError, match=r"at least 5 images, one for each of 5 processes x `accumulate` 1, found 4"):
        task_of(stages, tmp_path)


@pytest.mark.slow
def test_batch_norms_see_the_images_of_all_processes(stages: Path, together: list[Found], tmp_path: Path) -> None:
    task = task_of(stages, tmp_path)
    images = [pieces_of(task, rank)[0]["image"] for rank in range(PROCESSES)]
    one = seen(task, torch.cat(images))
    for rank, (own, image_BHW3) in enumerate(zip(together, images, strict=True)):
        found: dict[str, torch.Tensor] = own["seen"]  # type: ignore[assignment]
        embedding_BDhw = one["embedding"].split([len(piece) for piece in images])[rank]
        assert len(image_BHW3) == len(embedding_BDhw)
        torch.testing.assert_close(found["embedding"], embedding_BDhw, rtol=1e-3, atol=1e-4)
        for name in one.keys() - {"embedding"}:
            torch.testing.assert_close(found[name], one[name], rtol=1e-4, atol=1e-5)
