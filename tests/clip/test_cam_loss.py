import pytest
import torch
from torch.nn import functional

from wsss_core.clip.cam_loss import cam_activation_loss


def maps(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def by_hand(cams, positives, labels, square, mean):
    up = functional.interpolate(cams[None], labels.shape[1:], mode="bilinear")[0]
    sides = []
    for cam, (image, label) in zip(up, positives.tolist(), strict=True):
        inside, outside = labels[image] == label + 1, (labels[image] != label + 1) & (labels[image] != 255)
        peak = max(0.0, cam[inside].max().item()) if inside.any() else 0.0
        distances = [(peak - cam[inside]).abs(), cam[outside].clamp(min=0)]
        sides.append([distance**2 / 2 if square else distance for distance in distances])
    result = []
    for side in (0, 1):
        values = [pair[side] for pair in sides]
        total = sum(value.sum() for value in values)
        if mean == "pixels":
            result.append(total / sum(len(value) for pair in sides for value in pair))
        elif mean == "sides":
            result.append(total / max(sum(len(value) for value in values), 1) / 2)
        else:
            result.append(sum(value.sum() / max(len(value), 1) for value in values) / len(values) / 2)
    return result


@pytest.mark.parametrize("mean", ["pixels", "sides", "tags"])
@pytest.mark.parametrize("distance", ["absolute", "squared"])
def test_both_sides_are_those_of_the_definition(mean, distance):
    cams, positives = maps(3, 2, 3), torch.tensor([[0, 0], [0, 2], [1, 1]])
    labels = torch.randint(0, 5, (2, 8, 9), generator=torch.Generator().manual_seed(0)).byte()
    labels[labels == 4] = 255
    found = cam_activation_loss(cams, positives, labels, distance, mean)
    expected = by_hand(cams, positives, labels, distance == "squared", mean)
    torch.testing.assert_close(torch.stack(found), torch.stack(expected))


def test_a_class_that_its_seed_has_not_and_no_map_at_all_are_no_errors():
    cams = maps(1, 2, 2).requires_grad_()
    labels = torch.zeros((1, 4, 4), dtype=torch.uint8)
    loss = cam_activation_loss(cams, torch.tensor([[0, 0]]), labels, mean="tags")
    assert loss.foreground == 0
    assert loss.background > 0
    nothing = cam_activation_loss(cams[:0], torch.zeros((0, 2), dtype=torch.long), labels)
    (nothing.foreground + nothing.background).backward()
    assert nothing.foreground == nothing.background == 0
    assert cams.grad.abs().max() == 0


def test_pixels_to_ignore_count_for_neither_side():
    labels = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    loss = cam_activation_loss(maps(1, 2, 2), torch.tensor([[0, 0]]), labels)
    assert loss.foreground == loss.background == 0


def test_the_maximum_is_a_constant_of_at_least_0():
    cams = torch.tensor([[[-3.0, -1.0]]], requires_grad=True)
    labels = torch.ones((1, 1, 2), dtype=torch.uint8)
    loss = cam_activation_loss(cams, torch.tensor([[0, 0]]), labels)
    loss.foreground.backward()
    assert loss.foreground == 2.0
    assert cams.grad.flatten().tolist() == [-0.5, -0.5]
