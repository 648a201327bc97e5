import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.clip.contrastive_loss import contrastive_loss

TABLES = st.integers(1, 4).flatmap(
    lambda classes: st.lists(
        st.tuples(
            st.lists(st.floats(-30, 30, width=32), min_size=classes, max_size=classes),
            st.lists(st.booleans(), min_size=classes, max_size=classes),
        ),
        min_size=1,
        max_size=4,
    )
)


def by_hand(scores: list[list[float]], tags: list[list[bool]]) -> tuple[list[float], list[float]]:
    """The loss of every tag, and the mean of every image that counts."""
    each, images = [], []
    for row, row_tags in zip(scores, tags, strict=True):
        absent = sum(math.exp(score) for score, tag in zip(row, row_tags, strict=True) if not tag)
        if not any(row_tags) or all(row_tags):
            continue
        losses = [math.log(math.exp(score) + absent) - score for score, tag in zip(row, row_tags, strict=True) if tag]
        each += losses
        images.append(sum(losses) / len(losses))
    return each, images


@given(TABLES, st.sampled_from([0.5, 1.0]))
def test_both_means_are_those_of_the_formula(table, factor):
    scores, tags = [row for row, _ in table], [row for _, row in table]
    each, images = by_hand([[factor * score for score in row] for row in scores], tags)
    for mean, values in (("tags", each), ("images", images)):
        found = contrastive_loss(torch.tensor(scores), torch.tensor(tags), factor, mean)
        expected = sum(values) / len(values) if values else 0
        assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_nothing_to_compare_gives_0_with_a_gradient_of_0():
    scores = torch.randn(2, 3, requires_grad=True)
    loss = contrastive_loss(scores, torch.tensor([[True] * 3, [False] * 3]))
    loss.backward()
    assert loss == 0
    assert scores.grad.abs().max() == 0


def test_large_scores_do_not_overflow():
    scores = torch.tensor([[100.0, 95.0, -100.0]], requires_grad=True)
    loss = contrastive_loss(scores, torch.tensor([[False, True, False]]))
    loss.backward()
    assert loss.item() == pytest.approx(5 + math.log1p(math.exp(-5)), rel=1e-5)
    assert torch.isfinite(scores.grad).all()


def test_other_tags_of_an_image_do_not_matter():
    tags = torch.tensor([[True, True, False]])
    alone = contrastive_loss(torch.tensor([[1.0, 0.5]]), torch.tensor([[True, False]]))
    for other in (-5.0, 4.0):
        that = contrastive_loss(torch.tensor([[other, 0.5]]), torch.tensor([[True, False]]))
        both = contrastive_loss(torch.tensor([[1.0, other, 0.5]]), tags)
        torch.testing.assert_close(both, (alone + that) / 2)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match=r"found \(2, 3\) and \(2, 4\)"):
        contrastive_loss(torch.zeros(2, 3), torch.zeros(2, 4, dtype=torch.bool))
