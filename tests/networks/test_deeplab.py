"""DeepLab v1, v2 and v3+: what the shared demands of `test_all_networks` do not show."""

import pytest
import torch

from wsss_core.networks.deeplab_v2 import DeepLabV2, SummedPyramid, shrunk
from wsss_core.networks.deeplab_v3plus import SpatialPyramid
from wsss_core.networks.factory import build_backbone, build_segmenter


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


def test_v2_of_several_scales_gives_the_largest_logits_on_the_first_grid():
    torch.manual_seed(0)
    network = DeepLabV2(build_backbone("small"), 3, (2, 4), smaller_scales=(0.5, 0.75)).eval()
    images = torch.randn(2, 3, 40, 56)
    with torch.no_grad():
        full, half, threequarters, largest = network.all_scales(images)
        torch.testing.assert_close(network(images), largest)
        alone = DeepLabV2.all_scales(network, shrunk(images, 0.5))[0]
    assert [tuple(each.shape[2:]) for each in (full, half, threequarters, largest)] == [(5, 7), (3, 4), (4, 6), (5, 7)]
    torch.testing.assert_close(half, alone)
    assert (largest >= full).all()
    assert (largest > full).any()


def test_v2_looks_at_three_scales_on_its_authors_resnet_only():
    with torch.device("meta"):
        found = {name: build_segmenter("deeplab_v2", name, 3) for name in ("resnet101_caffe", "resnet101", "vgg16")}
    assert {name: network.smaller_scales for name, network in found.items()} == {
        "resnet101_caffe": (0.5, 0.75),
        "resnet101": (),
        "vgg16": (),
    }


@pytest.mark.parametrize("architecture", ["deeplab_v1", "deeplab_v2", "deeplab_v3plus"])
def test_a_network_of_one_scale_has_one_entry_of_logits(architecture):
    torch.manual_seed(0)
    network, images = build_segmenter(architecture, "small", 3).eval(), torch.randn(1, 3, 24, 32)
    with torch.no_grad():
        [logits] = network.all_scales(images)
        torch.testing.assert_close(logits, network(images))


@pytest.mark.parametrize(("size", "expected"), [((65, 81), (32, 40)), ((1, 9), (1, 4)), ((1, 1), (1, 1))])
def test_shrunk_images_have_sides_rounded_down_but_a_pixel_at_least(size, expected):
    assert shrunk(torch.randn(1, 3, *size), 0.5).shape[2:] == expected


def test_a_shrunk_ramp_is_read_where_the_factor_says():
    ramp = torch.arange(65.0).expand(1, 3, 65, 65)
    # 32 cells of 2 pixels: the centre of cell i lies between pixels 2i and 2i + 1; the last pixel is never reached
    torch.testing.assert_close(shrunk(ramp, 0.5)[0, 0, 0], 2 * torch.arange(32.0) + 0.5)


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
