"""The targets of pairs against loops, for both orders of the offsets, arrays and tensors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.affinity.pair_targets import pair_targets
from wsss_core.affinity.pairs import pair_indices
from wsss_core.affinity.paths import path_offsets, path_pair_indices


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 12)), elements=st.sampled_from([0, 1, 2, 255])))
def test_targets_equal_a_loop_over_the_pairs(label_hw: np.ndarray) -> None:
    source, partners = pair_indices(label_hw.shape, 5)
    flat = label_hw.reshape(-1)
    targets = pair_targets(label_hw, 5)
    for offset in range(len(partners)):
        for number, cell in enumerate(source):
            first, second = flat[cell], flat[partners[offset, number]]
            expected = (
                first == second == 0,
                first == second not in (0, 255),
                first != second and 255 not in (first, second),
            )
            assert tuple(bool(kind[offset, number]) for kind in targets) == expected


def test_targets_of_a_batch_are_those_of_its_images() -> None:
    labels = np.random.default_rng(0).choice(np.array([0, 1, 255], np.uint8), (3, 6, 11))
    batch = pair_targets(labels, 5)
    for kind, single in zip(batch, zip(*(pair_targets(label, 5) for label in labels), strict=True), strict=True):
        np.testing.assert_array_equal(kind, np.stack(single))


def test_a_grid_without_pairs_gives_empty_targets() -> None:
    assert [kind.shape for kind in pair_targets(np.zeros((3, 3), np.uint8), 5)] == [(34, 0)] * 3


def test_the_order_of_the_offsets_is_that_of_the_pairs() -> None:
    label_hw = np.random.default_rng(0).choice(np.array([0, 1, 2, 255], np.uint8), (9, 13))
    source, partners = path_pair_indices((9, 13), 5)
    flat = label_hw.reshape(-1)
    expected = (flat[source] == flat[partners]) & (flat[source] == 0)
    np.testing.assert_array_equal(pair_targets(label_hw, 5, path_offsets(5)).background, expected)


@pytest.mark.parametrize("shape", [(7, 12), (2, 7, 12), (2, 3, 3)])
def test_tensors_give_what_arrays_give(shape: tuple[int, ...]) -> None:
    labels = np.random.default_rng(0).choice(np.array([0, 1, 2, 255], np.uint8), shape)
    offsets = path_offsets(4)
    of_arrays = pair_targets(labels, 4, offsets)
    for tensor, array in zip(pair_targets(torch.from_numpy(labels), 4, offsets), of_arrays, strict=True):
        assert tensor.dtype == torch.bool
        np.testing.assert_array_equal(tensor.numpy(), array)
