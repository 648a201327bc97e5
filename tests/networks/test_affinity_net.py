import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.factory import build_affinity_net


def test_start_values_are_kaiming_for_the_taps_and_wide_xavier_for_f9():
    torch.manual_seed(0)
    network = build_affinity_net("resnet18")
    assert abs(network.f8_4.weight.std() - (2 / 256) ** 0.5) < 0.01
    bound = 4 * (6 / (448 + 448)) ** 0.5
    assert 0.99 * bound < network.f9.weight.abs().max() <= bound


def test_only_resnet38_goes_without_group_norm():
    with torch.device("meta"):
        with_norm = build_affinity_net("vgg16")
        without = build_affinity_net("resnet38")
    assert [m.num_groups for m in (with_norm.gn8_3, with_norm.gn8_4, with_norm.gn8_5)] == [8, 16, 32]
    assert not any(isinstance(module, nn.GroupNorm) for module in without.modules())


def test_vgg16_sees_with_dilation_four():
    with torch.device("meta"):
        assert build_affinity_net("vgg16").backbone.fc6.dilation == (4, 4)
        assert build_affinity_net("vgg16", fc6_dilation=2).backbone.fc6.dilation == (2, 2)


def test_a_finer_tap_is_averaged_to_the_grid_of_the_top_feature():
    torch.manual_seed(0)
    network = build_affinity_net("small").eval()
    image = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        features = network.backbone(image)
        first = functional.elu(network.gn8_3(network.f8_3(functional.avg_pool2d(features["conv2"], 2))))
        rest = [
            functional.elu(norm(head(features[tap])))
            for tap, head, norm in (("conv3", network.f8_4, network.gn8_4), ("top", network.f8_5, network.gn8_5))
        ]
        expected = functional.elu(network.f9(torch.cat([first, *rest], dim=1)))
        torch.testing.assert_close(network(image), expected)


def test_output_is_bounded_below_by_the_elu():
    torch.manual_seed(0)
    with torch.no_grad():
        assert build_affinity_net("small").eval()(torch.randn(1, 3, 40, 40)).min() > -1
