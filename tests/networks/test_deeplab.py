"""DeepLab v1 and v3+: what the shared demands of `test_all_networks` do not show."""

import pytest
import torch

from wsss_core.networks.deeplab_v3plus import SpatialPyramid
from wsss_core.networks.factory import build_segmenter


def test_largefov_on_vgg16_uses_fc6_with_dilation_12_and_pool5():
    with torch.device("meta"):
        network = build_segmenter("deeplab_v1", "vgg16", 21)
    assert network.backbone.fc6.dilation == (12, 12)
    assert network.backbone.pool5
    assert len(network.view) == 0
    assert network.fc8.bias is not None


def test_v1_on_other_backbones_adds_its_own_dilated_view():
    with torch.device("meta"):
        network = build_segmenter("deeplab_v1", "resnet38", 21)
    assert network.view[0].dilation == (12, 12)
    assert (network.view[0].in_channels, network.view[0].out_channels) == (4096, 512)


def test_v1_starts_near_equal_scores():
    torch.manual_seed(0)
    network = build_segmenter("deeplab_v1", "small", 5).eval()
    with torch.no_grad():
        assert network(torch.randn(1, 3, 32, 32)).abs().max() < 1


@pytest.mark.parametrize(("output_stride", "rates"), [(8, [12, 24, 36]), (16, [6, 12, 18])])
def test_v3plus_takes_the_papers_rates_for_the_output_stride(output_stride, rates):
    with torch.device("meta"):
        network = build_segmenter("deeplab_v3plus", "resnet18", 3, output_stride=output_stride)
    assert [branch[0].dilation[0] for branch in network.pyramid.branches[1:]] == rates
    assert network.stride == 4


def test_v3plus_on_the_small_network_is_small():
    network = build_segmenter("deeplab_v3plus", "small", 9)
    assert sum(parameter.numel() for parameter in network.parameters()) < 700_000


def test_pyramid_trains_on_a_single_cell_with_the_global_branch():
    torch.manual_seed(0)
    pyramid = SpatialPyramid(8, 4, (2, 4)).train()
    out = pyramid(torch.randn(2, 8, 1, 1))
    assert out.shape == (2, 4, 1, 1)
    assert torch.isfinite(out).all()


@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v3plus"])
def test_a_segmenter_of_background_alone_is_refused(architecture):
    with pytest.raises(ValueError, match="at least 2 classes"):
        build_segmenter(architecture, "small", 1)
