import logging
from types import SimpleNamespace

import pytest
import torch

from wsss_core.regions.prompt_batches import LARGEST, ON_CPU, PromptBatches, fitting_size

PROMPTS = torch.arange(20.0).reshape(10, 2)
NETWORK = SimpleNamespace(
    grid_hw=(64, 64), mask_decoder=SimpleNamespace(mask_tokens=SimpleNamespace(embedding_dim=256))
)
CPU = torch.device("cpu")


def test_batches_hold_every_prompt_once_in_order():
    batches = PromptBatches(3, NETWORK, CPU)
    found = list(batches.run(PROMPTS, lambda batch: batch.clone()))
    assert [start for start, _ in found] == [0, 3, 6, 9]
    torch.testing.assert_close(torch.cat([part for _, part in found]), PROMPTS)


def test_when_memory_runs_out_the_batch_is_halved_once_for_all_and_said(caplog):
    def work(batch: torch.Tensor) -> int:
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return len(batch)

    batches = PromptBatches(8, NETWORK, CPU)
    with caplog.at_level(logging.WARNING):
        assert [size for _, size in batches.run(PROMPTS, work)] == [2] * 5
    assert batches.size == 2
    assert [record.message for record in caplog.records] == [
        f"GPU memory ran out; decoding {size} prompts at a time from now on" for size in (4, 2)
    ]


def test_one_prompt_that_is_too_much_is_an_error():
    def work(batch: torch.Tensor) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        list(PromptBatches(2, NETWORK, CPU).run(PROMPTS, work))


def test_size_follows_the_free_memory(monkeypatch):
    cuda = torch.device("cuda")
    for free_gb, expected in ((1, 11), (100, LARGEST), (0.001, 1)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, free=free_gb: (int(free * 1e9), 0))
        assert fitting_size(NETWORK, cuda) == expected
    assert PromptBatches(None, NETWORK, CPU).size == ON_CPU
