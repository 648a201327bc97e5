"""DeepLab v1, v2 and v3+: what the shared demands of `test_all_networks` do not show."""

import pytest
import torch

from wsss_core.networks.deeplab_v2 import SummedPyramid
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


def test_v2_sums_four_dilations_at_stride_8_on_any_backbone():
    for backbone in ("resnet101", "resnet38", "vgg16"):
        with torch.device("meta"):
            network = build_segmenter("deeplab_v2", backbone, 21)
        assert [branch.dilation for branch in network.aspp.children()] == [(6, 6), (12, 12), (18, 18), (24, 24)]
        assert network.stride == 8


def test_v2_logits_are_the_sum_of_its_branches():
    torch.manual_seed(0)
    pyramid = SummedPyramid(4, 3, (1, 2))
    x = torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(pyramid(x), pyramid.c0(x) + pyramid.c1(x))
    assert [name for name, _ in pyramid.named_parameters()] == ["c0.weight", "c0.bias", "c1.weight", "c1.bias"]


def test_v2_learns_ten_and_twenty_times_as_fast_in_its_pyramid():
    groups = build_segmenter("deeplab_v2", "small", 3).parameter_groups()
    assert groups[2] == [f"aspp.c{index}.weight" for index in range(4)]
    assert groups[3] == [f"aspp.c{index}.bias" for index in range(4)]


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


@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v2", "deeplab_v3plus"])
def test_a_segmenter_of_background_alone_is_refused(architecture):
    with pytest.raises(ValueError, match="at least 2 classes"):
        build_segmenter(architecture, "small", 1)
