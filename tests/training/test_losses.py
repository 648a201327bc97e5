"""Losses of classifiers and segmentation networks."""

import pytest
import torch

from wsss_core.training.losses import balanced_cross_entropy, cross_entropy, multilabel_soft_margin


def test_soft_margin_is_torchs_and_survives_huge_scores():
    scores, tags = torch.randn(5, 7), (torch.rand(5, 7) > 0.7).float()
    expected = torch.nn.functional.multilabel_soft_margin_loss(scores, tags)
    assert multilabel_soft_margin(scores, tags).item() == pytest.approx(expected.item(), rel=1e-5)
    assert multilabel_soft_margin(torch.full((1, 2), 1e6), torch.tensor([[1.0, 0.0]])).item() == pytest.approx(5e5)


def test_half_precision_scores_are_compared_in_float32():
    loss = multilabel_soft_margin(torch.zeros(2, 3, dtype=torch.bfloat16), torch.zeros(2, 3))
    assert loss.dtype == torch.float32


def test_cross_entropy_is_torchs_where_labels_are_and_ignores_255():
    scores, label = torch.randn(2, 4, 5, 6), torch.randint(0, 4, (2, 5, 6))
    label[0, :3] = 255
    expected = torch.nn.functional.cross_entropy(scores, label, ignore_index=255)
    assert cross_entropy(scores, label.to(torch.uint8)).item() == pytest.approx(expected.item(), rel=1e-5)
    changed = scores.clone()
    changed[0, :, :3] += 100
    assert torch.equal(cross_entropy(scores, label), cross_entropy(changed, label))


def test_the_balanced_loss_is_the_mean_of_those_of_background_and_foreground_alone():
    scores, label = torch.randn(2, 4, 5, 6), torch.randint(0, 4, (2, 5, 6))
    label[0, :2] = 255
    background = cross_entropy(scores, torch.where(label == 0, label, 255))
    foreground = cross_entropy(scores, torch.where(label == 0, 255, label))
    assert balanced_cross_entropy(scores, label).item() == pytest.approx((background + foreground).item() / 2, rel=1e-5)
    assert balanced_cross_entropy(scores, torch.zeros_like(label)).item() == pytest.approx(
        cross_entropy(scores, torch.zeros_like(label)).item() / 2, rel=1e-5
    )


@pytest.mark.parametrize("entropy", [cross_entropy, balanced_cross_entropy])
def test_with_everything_ignored_loss_and_gradient_are_zero(entropy):
    scores = torch.randn(1, 3, 2, 2, requires_grad=True)
    loss = entropy(scores, torch.full((1, 2, 2), 255))
    loss.backward()
    assert loss.item() == 0
    assert scores.grad is not None
    assert scores.grad.abs().max() == 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        multilabel_soft_margin(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="labels of the batch and grid"):
        cross_entropy(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 5))
