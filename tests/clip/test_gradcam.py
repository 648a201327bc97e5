"""Grad-CAM against the same by hand, class by class."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_clip import tiny_clip
from torch.nn import functional

from wsss_core.clip.gradcam import class_maps, image_pass, masked_softmax, patch_attention, positives_of

CLASSES, BACKGROUNDS = 4, 3
TEXT = torch.randn((CLASSES + BACKGROUNDS, 16), generator=torch.Generator().manual_seed(3))


def images(count: int, height: int = 48, width: int = 64) -> torch.Tensor:
    return torch.randn((count, 3, height, width), generator=torch.Generator().manual_seed(count))


def by_hand(image: torch.Tensor, tags: torch.Tensor, label: int) -> torch.Tensor:
    """Map (h, w) of one image (3, H, W) and class, through the whole encoder."""
    clip = tiny_clip()
    kept = []

    def tap(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1]

    hook = clip.visual.last_block.ln_1.register_forward_hook(tap)
    tokens = clip.visual(image[None])
    hook.remove()
    logits = clip.logits(clip.image_features(tokens), TEXT)[0]
    mask = torch.cat([tags, torch.ones(BACKGROUNDS, dtype=torch.bool)])
    exponentials = (logits - logits.max()).exp() * mask
    score = (exponentials / (exponentials.sum() + 1e-5))[label]
    (gradient,) = torch.autograd.grad(score, kept[0])
    weights = gradient[0, 1:].mean(dim=0)
    return (kept[0].detach()[0, 1:] @ weights).reshape(image.shape[1] // 16, image.shape[2] // 16)


@given(st.lists(st.lists(st.booleans(), min_size=CLASSES, max_size=CLASSES), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_maps_of_a_batch_are_those_made_one_by_one(tags: list[list[bool]]) -> None:
    clip, present = tiny_clip(), torch.tensor(tags)
    batch = images(len(tags))
    image = image_pass(clip, batch)
    scores = masked_softmax(clip.logits(image.feature_BE, TEXT), present)
    maps = class_maps(image, scores, present, graph=False)
    positives = positives_of(present)
    assert positives.tolist() == [[i, c] for i, row in enumerate(tags) for c, is_there in enumerate(row) if is_there]
    assert maps.shape == (len(positives), 3, 4)
    for found, (number, label) in zip(maps, positives.tolist(), strict=True):
        expected = by_hand(batch[number], present[number], label)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=float(1e-4 * expected.abs().max()))


def test_gradient_of_the_maps_is_that_of_finite_differences() -> None:
    clip, present = tiny_clip(), torch.tensor([[True, False, True, False]])
    text = TEXT.clone().requires_grad_()
    direction = torch.randn(TEXT.shape, generator=torch.Generator().manual_seed(1))
    step = 1e-2

    def total(features: torch.Tensor, graph: bool) -> torch.Tensor:
        image = image_pass(clip, images(1))
        scores = masked_softmax(clip.logits(image.feature_BE, features), present)
        return class_maps(image, scores, present, graph)[:, 1].sum()

    (gradient,) = torch.autograd.grad(total(text, graph=True), text)
    forward, backward = (total(TEXT + sign * step * direction, graph=False) for sign in (1, -1))
    expected = (forward - backward) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), expected, rtol=0.02, atol=1e-6)


def test_scores_are_shares_of_present_classes_and_all_backgrounds() -> None:
    logits = torch.tensor([[1.0, 9.0, 2.0, 0.0, 1.0, 3.0, 0.5]])
    present = torch.tensor([[True, False, True, False]])
    found = masked_softmax(logits, present)[0]
    assert found[1] == found[3] == 0
    kept = torch.tensor([0, 2, 4, 5, 6])
    shares = functional.softmax(logits[0, kept], dim=0)
    # The absent class sets the scale of what 1e-5 is added to.
    total = (logits[0, kept] - 9).exp().sum()
    torch.testing.assert_close(found[kept], shares * total / (total + 1e-5))
    assert found.sum() < 0.9999


def test_no_class_gives_no_map_and_the_network_learns_nothing() -> None:
    clip = tiny_clip()
    image = image_pass(clip, images(2))
    present = torch.zeros((2, CLASSES), dtype=torch.bool)
    scores = masked_softmax(clip.logits(image.feature_BE, TEXT), present)
    assert class_maps(image, scores, present, graph=True).shape == (0, 3, 4)
    assert image.tap_BLD.is_leaf
    assert not any(parameter.requires_grad for parameter in clip.parameters())


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_attention_of_the_last_blocks_is_kept_on_demand(blocks: int) -> None:
    image = image_pass(tiny_clip(), images(2), blocks)
    assert len(image.attention) == blocks
    if blocks:
        found = patch_attention(image.attention)
        assert found.shape == (2, 12, 12)
        assert not found.requires_grad
        assert bool((found.sum(dim=-1) < 1).all())  # what goes to the class token is cut off
        torch.testing.assert_close(found, sum(weights[:, 1:, 1:] for weights in image.attention) / blocks)
