"""Prototypes, segments and local features, by their laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wsss_core.networks.pixel_embedding import unit
from wsss_core.segments.grouping import LABEL_DIVISOR, KMeans, group
from wsss_core.segments.local_features import blur_kernel, colour, local_features, location
from wsss_core.segments.prototypes import class_share, majority, nearest_prototype, prototypes


def vectors(count: int, width: int = 4, seed: int = 0) -> torch.Tensor:
    return unit(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def test_prototypes_are_directions_of_sums_and_pass_gradients():
    vector_PD = vectors(6).requires_grad_()
    found = prototypes(vector_PD, torch.tensor([0, 0, 2, 2, 2, 0]), 4)
    torch.testing.assert_close(found[0], unit(vector_PD[[0, 1, 5]].sum(0)))
    assert found[1].abs().max() == 0
    found[2, 0].backward()
    assert vector_PD.grad is not None
    assert vector_PD.grad[2:5].abs().min() > 0
    assert vector_PD.grad[0].abs().max() == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0, 3, 9, 254, 255])), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_majority_counts_like_a_histogram(pairs):
    segment, label = (torch.tensor(values) for values in zip(*pairs, strict=True))
    found = majority(label, segment, 5)
    for number in range(5):
        own = label[segment == number].numpy()
        expected = int(np.bincount(own, minlength=256).argmax()) if own.size else 0
        assert int(found[number]) == expected


def test_shares_of_classes_sum_to_one_where_there_are_pixels():
    share = class_share(torch.tensor([0, 1, 1, 2]), torch.tensor([0, 0, 0, 2]), 3, 3)
    torch.testing.assert_close(share, torch.tensor([[1 / 3, 2 / 3, 0], [0, 0, 0], [0, 0, 1.0]]))


def test_a_prototype_is_nearest_to_itself():
    prototype_ND = vectors(7)
    assert torch.equal(nearest_prototype(prototype_ND, prototype_ND), torch.arange(7))


def grouped(label_HW: np.ndarray, region_HW: np.ndarray, share: float = 1.0):
    height, width = label_HW.shape
    embedding = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    maps = (torch.from_numpy(values.astype(np.int64))[None] for values in (label_HW, region_HW))
    return group(embedding, location(height, width)[None], *maps, KMeans((2, 2)), share)


def test_segments_cross_no_border_of_labels_or_regions_and_leave_out_ignored_pixels():
    label_HW, region_HW = np.zeros((8, 10), int), np.zeros((8, 10), int)
    label_HW[:, 5:], label_HW[0], region_HW[4:] = 254, 255, 7
    segments = grouped(label_HW, region_HW)
    kept = label_HW != 255
    assert np.array_equal(segments.kept_Bhw[0].numpy(), kept)
    assert np.array_equal(segments.label_N[segments.segment_P].numpy(), label_HW[kept])
    assert np.array_equal(segments.region_N[segments.segment_P].numpy(), region_HW[kept])
    assert set(segments.segment_P.tolist()) == set(range(segments.count))


def test_located_embeddings_have_length_one_and_the_wanted_share():
    segments = grouped(np.zeros((6, 6), int), np.zeros((6, 6), int), share=0.1)
    torch.testing.assert_close(segments.located_PE.norm(dim=1), torch.ones(36))
    ratio = segments.located_PE[:, :3].norm(dim=1) / segments.located_PE[:, 3:].norm(dim=1)
    torch.testing.assert_close(ratio, 0.1 / location(6, 6).reshape(-1, 2).norm(dim=1))


def test_too_many_regions_are_refused():
    region_HW = np.full((4, 4), LABEL_DIVISOR)
    with pytest.raises(ValueError, match="fewer than 2048 regions in an image, found the number 2048"):
        grouped(np.zeros((4, 4), int), region_HW)


def test_places_run_from_edge_to_edge():
    place = location(3, 5)
    assert place[0, 0].tolist() == [-0.5, -0.5]
    assert place[-1, -1].tolist() == [0.5, 0.5]
    assert place[1, 2].tolist() == [0, 0]


def test_the_blur_is_the_published_ring_and_a_plain_channel_gives_zero():
    kernel = blur_kernel()
    assert kernel[2, 2] == 0
    assert kernel[0, 0] == kernel.max()
    assert kernel.sum() == pytest.approx(1)
    image = torch.zeros(1, 3, 20, 20)
    image[0, 1, :, 10:] = 3
    found = colour(image, (5, 5))
    assert found[..., [0, 2]].abs().max() == 0
    assert found[..., 1].abs().max() == pytest.approx(1)
    assert local_features(image, (5, 5), with_colour=True).shape == (1, 5, 5, 5)
