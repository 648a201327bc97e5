"""The class-balanced mask loss against its formula."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from wsss_core.segmenters.mask_loss import mask_losses

TAGS = torch.tensor([[1.0, 0.0]])


def test_loss_is_the_weighted_entropy_over_all_pixels():
    torch.manual_seed(0)
    scores = torch.randn(1, 3, 2, 3)
    label = torch.tensor([[[0, 0, 1], [0, 255, 255]]])
    log_share = functional.log_softmax(scores, dim=1)[0]
    weight = {0: (4 - 3) / 5, 1: (4 - 1) / 5}
    expected = sum(
        -weight[int(label[0, y, x])] * log_share[label[0, y, x], y, x]
        for y in range(2)
        for x in range(3)
        if label[0, y, x] != 255
    )
    torch.testing.assert_close(mask_losses(scores, label, TAGS)[0], expected / 6)


def test_scores_come_to_the_size_of_the_labels_with_corners_aligned():
    scores = torch.randn(1, 3, 3, 4)
    label = torch.randint(0, 2, (1, 9, 13))
    larger = functional.interpolate(scores, size=(9, 13), mode="bilinear", align_corners=True)
    torch.testing.assert_close(mask_losses(scores, label, TAGS), mask_losses(larger, label, TAGS))


@pytest.mark.parametrize(
    ("labels", "tags"),
    [([0, 0, 255], [1, 0]), ([1, 1, 255], [1, 0]), ([0, 1, 1], [1, 1]), ([255, 255, 255], [1, 0])],
    ids=["no tag", "no background", "one of two tags", "nothing"],
)
def test_an_image_that_does_not_show_everything_teaches_nothing(labels, tags):
    scores = torch.randn(1, 3, 1, 3, requires_grad=True)
    loss = mask_losses(scores, torch.tensor([[labels]]), torch.tensor([tags]).float())
    loss.sum().backward()
    assert loss.tolist() == [0.0]
    assert scores.grad.abs().max() == 0


def test_images_of_a_batch_are_weighted_each_by_itself():
    torch.manual_seed(1)
    scores = torch.randn(2, 3, 4, 5)
    label = torch.randint(0, 2, (2, 4, 5), dtype=torch.uint8)
    tags = TAGS.expand(2, -1)
    both = mask_losses(scores, label, tags)
    alone = [mask_losses(scores[i : i + 1], label[i : i + 1], tags[:1]) for i in range(2)]
    torch.testing.assert_close(both, torch.cat(alone))


def test_an_image_of_background_alone_without_tags_has_no_weight():
    loss = mask_losses(torch.randn(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.uint8), torch.zeros(1, 2))
    np.testing.assert_array_equal(loss.numpy(), [0.0])
