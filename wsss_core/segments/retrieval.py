"""Classes of segments by their nearest segments in a bank (SPML, Ke et al., ICLR 2021)."""

from collections.abc import Iterable

import torch

NEIGHBOURS = 20
BLOCK = 16384
"""Bank rows compared at a time: their similarities to the queries stay small."""


def nearest_rows(
    query_QD: torch.Tensor, blocks: Iterable[torch.Tensor], neighbours: int = NEIGHBOURS
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and numbers (Q, M) of the rows of a bank that are nearest to each query, the nearest first.

    query_QD and the rows: float32 of length 1. blocks: the bank's rows (n, D) in order, as pieces of any length. M is
    `neighbours`, or the number of rows where there are fewer. Numbers are int64, over all pieces.
    """
    best = query_QD.new_empty(len(query_QD), 0)
    rows = torch.empty(len(query_QD), 0, dtype=torch.int64, device=query_QD.device)
    start = 0
    for piece_nD in blocks:
        for block_nD in piece_nD.split(BLOCK):
            cosine_Qn = query_QD @ block_nD.to(query_QD).T
            near = _near_any(cosine_Qn, best, neighbours)
            together = torch.cat([best, cosine_Qn[:, near]], dim=1)
            kept = together.topk(min(neighbours, together.shape[1]), dim=1)
            rows = torch.cat([rows, (near + start).expand(len(query_QD), -1)], dim=1).gather(1, kept.indices)
            best = kept.values
            start += len(block_nD)
    return best, rows


def _near_any(cosine_Qn: torch.Tensor, best_QM: torch.Tensor, neighbours: int) -> torch.Tensor:
    """Rows of the block, int64, that are nearer to a query than the last of its nearest so far: only a few are."""
    if best_QM.shape[1] < neighbours:
        return torch.arange(cosine_Qn.shape[1], device=cosine_Qn.device)
    return torch.nonzero((cosine_Qn - best_QM[:, -1:]).amax(dim=0) > 0)[:, 0]


def label_shares(label_QM: torch.Tensor, classes: int) -> torch.Tensor:
    """Share (Q, K) float32 of each class among the neighbours' labels int64 (Q, M), all below `classes`."""
    ones = torch.ones_like(label_QM, dtype=torch.float32)
    counts_QK = torch.zeros(len(label_QM), classes, device=label_QM.device).scatter_add(1, label_QM, ones)
    return counts_QK / max(1, label_QM.shape[1])
