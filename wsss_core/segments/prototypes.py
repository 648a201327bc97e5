"""Segments stood for by one vector each, the normalised sum of their pixels' (SegSort, Hwang et al., ICCV 2019)."""

import torch

from wsss_core.networks.pixel_embedding import unit


def prototypes(vector_PD: torch.Tensor, segment_P: torch.Tensor, count: int) -> torch.Tensor:
    """Unit prototypes (N, D) of N = `count` segments: the direction of the sum of the pixels' vectors; 0 for none.

    vector_PD: float (P, D). segment_P: int64 (P,) segment of each pixel, 0..N-1. Gradients reach the pixels.
    """
    sum_ND = vector_PD.new_zeros(count, vector_PD.shape[1]).index_add(0, segment_P, vector_PD)
    return unit(sum_ND)


def first_of(value_P: torch.Tensor, segment_P: torch.Tensor, count: int) -> torch.Tensor:
    """The value (N,) that all pixels of a segment share; 0 for an empty segment."""
    value_N = value_P.new_zeros(count)
    value_N[segment_P] = value_P
    return value_N


def counts_per_segment(label_P: torch.Tensor, segment_P: torch.Tensor, count: int, labels: int) -> torch.Tensor:
    """How many pixels of a segment have a label: int64 (N, L) for labels 0..L-1."""
    return torch.bincount(segment_P * labels + label_P, minlength=count * labels).reshape(count, labels)


def majority(label_P: torch.Tensor, segment_P: torch.Tensor, count: int) -> torch.Tensor:
    """The most frequent label (N,) int64 of each segment, the lowest of equals; 0 for an empty segment.

    label_P: int64 (P,), at least 0. Only the labels that occur are counted, not all there are.
    """
    values, place_P = label_P.unique(return_inverse=True)
    counts_NL = counts_per_segment(place_P, segment_P, count, len(values))
    winner_N = values[counts_NL.argmax(dim=1)]
    return torch.where(counts_NL.any(dim=1), winner_N, 0)


def class_share(label_P: torch.Tensor, segment_P: torch.Tensor, count: int, classes: int) -> torch.Tensor:
    """Share (N, K) float32 of each class among a segment's pixels; 0 for an empty segment."""
    counts_NK = counts_per_segment(label_P, segment_P, count, classes).float()
    return counts_NK / counts_NK.sum(dim=1, keepdim=True).clamp(min=1)


def nearest_prototype(vector_PD: torch.Tensor, prototype_ND: torch.Tensor) -> torch.Tensor:
    """Number (P,) int64 of the prototype with the largest cosine, the first of equals; all vectors of length 1."""
    return (vector_PD @ prototype_ND.T).argmax(dim=1)
