"""The 20 nearest of 500 000 segments: the best of each block of a bank on disk against sorting all similarities.

Baseline (the public code of SPML, Ke et al., ICLR 2021): the whole bank in memory, and an argsort of every row of
cosines. Ours maps the Arrow file into memory and reads it anew for every image.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.timing import Comparison, best_time_ms
from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.bank import FILE_NAME, Bank, BankRows, write_bank
from wsss_core.segments.retrieval import NEIGHBOURS, nearest_rows

SEGMENTS, PER_IMAGE, QUERIES, CHANNELS, CLASSES = 500_000, 50, 15, 64, 21
TARGET = 10
TOLERANCE = 1e-5  # cosines of products of different shape


def example_rows(generator: torch.Generator) -> Iterator[BankRows]:
    """Random segments, image after image."""
    for image in range(SEGMENTS // PER_IMAGE):
        vector_ND = unit(torch.randn(PER_IMAGE, CHANNELS, generator=generator))
        label_N = torch.randint(CLASSES, (PER_IMAGE,), generator=generator)
        yield BankRows(f"{image:06}", 1.0, vector_ND.numpy(), label_N.byte().numpy())


def sorted_rows(query_QD: torch.Tensor, row_MD: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and numbers (Q, 20) the published way."""
    cosine_QM = query_QD @ row_MD.T
    order_QM = cosine_QM.argsort(dim=1, descending=True)[:, :NEIGHBOURS]
    return cosine_QM.gather(1, order_QM), order_QM


def run() -> list[Comparison]:
    """Time per image; the cosines must agree up to rounding, and the rows must have them."""
    generator = torch.Generator().manual_seed(0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        write_bank(path, example_rows(generator))
        bank = Bank(path, CLASSES)
        row_MD = torch.cat(list(bank.blocks()))
        query_QD = unit(torch.randn(QUERIES, CHANNELS, generator=generator))
        plain_ms, (expected, _) = best_time_ms(lambda: sorted_rows(query_QD, row_MD), repeats=2)
        ours_ms, (found, number_QM) = best_time_ms(lambda: nearest_rows(query_QD, bank.blocks()))
    torch.testing.assert_close(found, expected, rtol=0, atol=TOLERANCE)
    torch.testing.assert_close((query_QD[:, None] * row_MD[number_QM]).sum(-1), found, rtol=0, atol=TOLERANCE)
    size = f"{QUERIES} segments, bank of {SEGMENTS}"
    return [Comparison("nearest segments", size, "ms", plain_ms, ours_ms, target=TARGET)]
