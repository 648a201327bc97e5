import pytest
import torch

from wsss_core.networks.mask2former import Answers
from wsss_core.segmenters.mask2former_loss import QueryLoss, class_masks

CLASSES, SIDE = 3, 16


def labels() -> torch.Tensor:
    label = torch.zeros(2, SIDE, SIDE, dtype=torch.uint8)
    label[0, :, 8:] = 2
    label[1, 4:9] = 1
    label[1, 12:] = 255
    return label


def perfect_answers(label_BHW: torch.Tensor, certainty: float = 20.0) -> Answers:
    """Query k answers class k with its mask; queries of absent classes answer nothing."""
    masks = torch.stack([(label_BHW == k).float() for k in range(CLASSES)], dim=1) * 2 * certainty - certainty
    classes = torch.full((len(label_BHW), CLASSES, CLASSES + 1), -certainty)
    for image, label in enumerate(label_BHW):
        for k in range(CLASSES):
            classes[image, k, k if (label == k).any() else CLASSES] = certainty
    return Answers((classes, classes), (masks, masks))


def test_targets_are_a_mask_per_class_present_without_ignored_pixels():
    ids, masks = class_masks(labels()[1])
    assert ids.tolist() == [0, 1]
    assert masks.sum(dim=(1, 2)).tolist() == [7 * SIDE, 5 * SIDE]
    assert class_masks(torch.full((4, 4), 255, dtype=torch.uint8))[1].shape == (0, 4, 4)


def test_perfect_answers_have_much_less_loss_than_wrong_ones():
    torch.manual_seed(0)
    criterion = QueryLoss(CLASSES, points=400)
    # Not zero: points between pixels of two classes are mixed, and the most uncertain points are there.
    good, parts = criterion(perfect_answers(labels()), labels())
    assert set(parts) == {"loss_cross_entropy", "loss_mask", "loss_dice"}
    wrong = Answers(*(tuple(-part for part in parts) for parts in perfect_answers(labels())))
    assert criterion(wrong, labels())[0] > 3 * good


def test_which_query_answers_a_class_does_not_matter():
    criterion = QueryLoss(CLASSES, points=400)
    answers = perfect_answers(labels())
    order = torch.tensor([2, 0, 1])
    shuffled = Answers(*(tuple(part[:, order] for part in parts) for parts in answers))
    torch.manual_seed(1)
    first, _ = criterion(answers, labels())
    torch.manual_seed(1)
    second, _ = criterion(shuffled, labels())
    torch.testing.assert_close(first, second, rtol=0.2, atol=0.5)


def test_the_loss_is_the_weighted_sum_of_its_parts_and_has_a_gradient():
    torch.manual_seed(0)
    classes = torch.randn(2, 5, CLASSES + 1, requires_grad=True)
    masks = torch.randn(2, 5, 4, 4, requires_grad=True)
    loss, parts = QueryLoss(CLASSES, points=50)(Answers((classes,), (masks,)), labels())
    expected = 2 * parts["loss_cross_entropy"] + 5 * parts["loss_mask"] + 5 * parts["loss_dice"]
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert torch.isfinite(classes.grad).all()
    assert masks.grad.abs().sum() > 0


def test_a_batch_without_any_label_teaches_that_nothing_is_there():
    label = torch.full((2, SIDE, SIDE), 255, dtype=torch.uint8)
    classes = torch.zeros(2, 5, CLASSES + 1, requires_grad=True)
    masks = torch.zeros(2, 5, 4, 4, requires_grad=True)
    loss, _ = QueryLoss(CLASSES, points=50)(Answers((classes,), (masks,)), label)
    loss.backward()
    assert torch.isfinite(loss)
    assert (classes.grad[..., -1] < 0).all()
