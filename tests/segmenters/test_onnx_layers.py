"""Layers for the export compute what those that they stand in for compute."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.one_stage.alignment import Alignment
from wsss_core.networks.segmentation import SegmentationNetwork
from wsss_core.segmenters.onnx_layers import AlignmentOfAnySize, PartMeans, exportable


@given(side=st.integers(1, 6), height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 2**16))
def test_means_of_parts_are_those_of_adaptive_pooling(side: int, height: int, width: int, seed: int) -> None:
    x = torch.randn(1, 2, height, width, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(PartMeans(side)(x), nn.AdaptiveAvgPool2d(side)(x), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("size_hw", [(2, 2), (7, 12), (12, 7)])
def test_alignment_reads_at_the_same_places(size_hw: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer = Alignment(4, 6)
    low, deep = torch.randn(1, 4, *size_hw), torch.randn(1, 6, 3, 4)
    with torch.inference_mode():
        torch.testing.assert_close(AlignmentOfAnySize(layer)(low, deep), layer(low, deep), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "backbone", "stand_in"),
    [
        ("ws_fcn", "small", AlignmentOfAnySize),
        ("embedding_pspnet", "small", PartMeans),
        ("mask2former", "swin_mini", None),
    ],
)
def test_the_copy_answers_as_the_network_which_stays_as_it_is(
    architecture: str, backbone: str, stand_in: type[nn.Module] | None
) -> None:
    torch.manual_seed(0)
    network = build_segmenter(architecture, backbone, 3).eval()
    assert isinstance(network, SegmentationNetwork)
    layers = [type(layer) for layer in network.modules()]
    twin = exportable(network)
    assert stand_in is None or any(isinstance(layer, stand_in) for layer in twin.modules())
    assert [type(layer) for layer in network.modules()] == layers
    x = torch.randn(1, 3, 48, 64)
    with torch.inference_mode():
        np.testing.assert_allclose(twin(x), network(x), atol=1e-4)
