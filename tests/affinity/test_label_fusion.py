"""Fusion of the two CRF stacks and the pair targets, rule by rule and against loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wsss_core.affinity.label_fusion import block_mean, fuse_labels, pair_targets
from wsss_core.affinity.pairs import pair_indices


def stack(*cells: tuple[float, ...]) -> np.ndarray:
    """Scores (K, 1, number of cells) from one tuple of K scores per cell."""
    return np.array(cells, np.float32).T[:, None, :]


@pytest.mark.parametrize(
    ("low", "high", "label"),
    [
        ((0.1, 0.9, 0.0), (0.2, 0.8, 0.0), 1),
        ((0.1, 0.0, 0.9), (0.2, 0.8, 0.0), 2),
        ((0.9, 0.1, 0.0), (0.2, 0.8, 0.0), 255),
        ((0.9, 0.1, 0.0), (0.8, 0.2, 0.0), 0),
        ((0.1, 0.9, 0.0), (0.8, 0.2, 0.0), 0),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 255),
        ((0.5, 0.5, 0.0), (0.4, 0.6, 0.0), 255),
        ((0.0, 0.5, 0.5), (0.0, 0.5, 0.5), 1),
    ],
    ids=["both fg", "low decides class", "undecided", "both bg", "low fg high bg", "outside", "tie bg", "tie fg"],
)
def test_fusion_follows_the_published_order_of_rules(low: tuple, high: tuple, label: int) -> None:
    assert fuse_labels(stack(low), stack(high))[0, 0] == label


def test_stacks_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="two score stacks of one shape"):
        fuse_labels(np.zeros((2, 3, 3)), np.zeros((3, 3, 3)))


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


def test_means_are_over_blocks_and_fill_up_with_zeros() -> None:
    values = np.arange(2 * 16 * 9, dtype=np.float32).reshape(2, 16, 9)
    means = block_mean(values)
    assert means.shape == (2, 2, 2)
    assert means[1, 1, 0] == pytest.approx(values[1, 8:, :8].mean())
    assert means[1, 1, 1] == pytest.approx(values[1, 8:, 8:].sum() / 64)


def test_half_precision_input_is_averaged_in_single_precision() -> None:
    assert block_mean(np.full((1, 8, 8), 1000, np.float16))[0, 0, 0] == 1000
