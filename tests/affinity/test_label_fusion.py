"""Fusion of the two CRF stacks, rule by rule."""

import numpy as np
import pytest

from wsss_core.affinity.label_fusion import block_mean, fuse_labels


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


def test_means_are_over_blocks_and_fill_up_with_zeros() -> None:
    values = np.arange(2 * 16 * 9, dtype=np.float32).reshape(2, 16, 9)
    means = block_mean(values)
    assert means.shape == (2, 2, 2)
    assert means[1, 1, 0] == pytest.approx(values[1, 8:, :8].mean())
    assert means[1, 1, 1] == pytest.approx(values[1, 8:, 8:].sum() / 64)


def test_half_precision_input_is_averaged_in_single_precision() -> None:
    assert block_mean(np.full((1, 8, 8), 1000, np.float16))[0, 0, 0] == 1000
