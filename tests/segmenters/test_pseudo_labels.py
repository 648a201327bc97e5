"""Labels that a one-stage network makes for itself."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.affinity.pixel_adaptive import refine_masks
from wsss_core.segmenters.pseudo_labels import known_masks, pseudo_labels, refined_masks, tag_channels
from wsss_core.settings.one_stage import PseudoLabelSettings

VOC = PseudoLabelSettings()


def test_one_class_above_its_threshold_wins_and_several_or_none_are_ignored():
    mask = torch.tensor([[1.0, 0.71, 0.69, 0.9, 0.1], [0.0, 0.1, 0.1, 0.8, 0.3]])[None, :, None]
    assert pseudo_labels(mask, VOC)[0, 0].tolist() == [0, 0, 255, 255, 255]


def test_thresholds_are_shares_of_the_maximum_but_not_below_the_lowest():
    mask = torch.tensor([[0.0, 0.0, 0.0], [0.31, 0.19, 0.201], [0.1, 0.0, 0.0]])[None, :, None]
    assert pseudo_labels(mask, VOC)[0, 0].tolist() == [1, 255, 1]
    low = PseudoLabelSettings(lowest=0.1, background_share=0.8)
    assert pseudo_labels(mask, low)[0, 0].tolist() == [1, 1, 1]


def test_a_value_on_the_threshold_is_not_above_it():
    mask = torch.tensor([[0.5, 0.0], [0.2, 0.2]])[None, :, None]
    assert pseudo_labels(mask, VOC)[0, 0].tolist() == [0, 255]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_only_the_background_and_tags_become_labels(seed):
    generator = torch.Generator().manual_seed(seed)
    tags = (torch.rand(2, 4, generator=generator) > 0.5).float()
    scores = torch.randn(2, 5, 6, 7, generator=generator) * 4
    image = torch.rand(2, 3, 12, 15, generator=generator)
    labels = pseudo_labels(refined_masks(scores, image, tags, PseudoLabelSettings(iterations=2)), VOC)
    assert labels.shape == (2, 12, 15)
    assert labels.dtype == torch.uint8
    for label, row in zip(labels, tags, strict=True):
        allowed = {0, 255, *(int(place) + 1 for place in torch.nonzero(row)[:, 0])}
        assert set(label.unique().tolist()) <= allowed


def test_refining_the_tags_alone_gives_what_refining_all_classes_gives():
    torch.manual_seed(0)
    scores, image = torch.randn(3, 5, 6, 7), torch.rand(3, 3, 12, 15)
    tags = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]])
    small = torch.nn.functional.interpolate(image, size=(6, 7), mode="bilinear", align_corners=True)
    everything = refine_masks(small, scores.softmax(dim=1))
    larger = torch.nn.functional.interpolate(everything, size=(12, 15), mode="bilinear", align_corners=True)
    torch.testing.assert_close(refined_masks(scores, image, tags, VOC), known_masks(larger, tags))


def test_channels_are_the_background_and_the_tags_padded_with_background():
    tags = torch.tensor([[1.0, 0, 1], [0, 0, 0], [0, 1, 0]])
    channels = tag_channels(tags)
    assert [sorted(set(row.tolist())) for row in channels] == [[0, 1, 3], [0], [0, 2]]
    assert tag_channels(torch.zeros(2, 3)).tolist() == [[0], [0]]


def test_masks_are_cleaned_without_scaling_them_up():
    mask = torch.full((1, 3, 1, 1), 1 / 3)
    cleaned = known_masks(mask, torch.tensor([[0.0, 1.0]]))
    np.testing.assert_allclose(cleaned.flatten().numpy(), [1 / 3, 0, 1 / 3])
