"""Random walk of SPML: products of the scores with the matrix, by polynomials, against six squarings of the matrix.

Baseline (the public code of SPML, Ke et al., ICLR 2021): T <- T T six times, all 21 channels times T, in torch.
"""

import torch
from torch.nn import functional

from benchmarks.pictures import CLASS_COUNT, SIZE_HW
from benchmarks.timing import Comparison, best_time_ms
from wsss_core.segments.embedding_walk import LOG2_STEPS, cells_of, transition, walked

TAGGED = (0, 3, 9)  # background and two classes
CHANNELS = 64
COARSE_HW = (6, 8)  # of the noise from which embeddings are made: they change smoothly, as a network's do
TARGET = 20


def squared_walk(score_Kn: torch.Tensor, transition_nn: torch.Tensor) -> torch.Tensor:
    """The published computation."""
    for _ in range(LOG2_STEPS):
        transition_nn = transition_nn @ transition_nn
    return score_Kn @ transition_nn


def run() -> list[Comparison]:
    """Time per 375x500 image; both ways must agree up to rounding."""
    grid_hw = cells_of(SIZE_HW)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2, CHANNELS, *COARSE_HW, generator=generator)
    views = functional.interpolate(noise, size=grid_hw, mode="bilinear")
    transition_nn = transition(list(views))
    score_Khw = torch.zeros(CLASS_COUNT, *grid_hw)
    score_Khw[list(TAGGED)] = torch.rand(len(TAGGED), *grid_hw, generator=generator)
    plain_ms, expected_Kn = best_time_ms(lambda: squared_walk(score_Khw.flatten(1), transition_nn), repeats=2)
    tagged_Khw = score_Khw[list(TAGGED)]
    ours_ms, found_Khw = best_time_ms(lambda: walked(tagged_Khw, transition_nn))
    torch.testing.assert_close(found_Khw.flatten(1), expected_Kn[list(TAGGED)], rtol=1e-3, atol=1e-5)
    size = f"{SIZE_HW[0]}x{SIZE_HW[1]}, {len(TAGGED) - 1} tags"
    return [Comparison("walk over the embedding, 64 steps", size, "ms", plain_ms, ours_ms, target=TARGET)]
