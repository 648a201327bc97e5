import pytest
import torch
from torch import nn

from wsss_core.networks.resnet import ResNet, resnet18, resnet34, resnet50, resnet101
from wsss_core.networks.torchvision_models import models


def is_3x3(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)


@pytest.mark.parametrize(("output_stride", "replaced"), [(8, [False, True, True]), (16, [False, False, True])])
def test_bottleneck_network_equals_torchvisions_own_dilation(output_stride, replaced):
    torch.manual_seed(0)
    theirs = models.resnet50(weights=None, replace_stride_with_dilation=replaced).eval()
    ours = resnet50(output_stride).eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    image = torch.randn(1, 3, 33, 47)
    with torch.no_grad():
        x = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(image))))
        for stage in (theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4):
            x = stage(x)
        torch.testing.assert_close(ours(image)["layer4"], x)


@pytest.mark.parametrize(("build", "width"), [(resnet18, 512), (resnet34, 512), (resnet50, 2048), (resnet101, 2048)])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_strides_and_widths_are_as_declared_for_every_depth(build, width, output_stride):
    with torch.device("meta"):
        network = build(output_stride).eval()
        features = network(torch.zeros(1, 3, 64, 96))
    assert network.stride == output_stride
    assert features["layer4"].shape == (1, width, 64 // output_stride, 96 // output_stride)
    assert features["layer1"].shape[-2:] == (16, 24)


def test_convolutions_after_the_lost_stride_double_their_dilation():
    network = resnet18(8)
    dilations = {
        stage: [m.dilation[0] for m in network.get_submodule(stage).modules() if is_3x3(m)]
        for stage in ("layer3", "layer4")
    }
    assert dilations == {"layer3": [1, 2, 2, 2], "layer4": [2, 4, 4, 4]}


def test_dilated_network_agrees_with_the_plain_one_where_they_share_cells():
    """Stride 2 only drops cells, so ImageNet weights keep their meaning at every second cell."""
    torch.manual_seed(0)
    plain = models.resnet18(weights=None).eval()
    ours = resnet18(8).eval()
    ours.load_state_dict({k: v for k, v in plain.state_dict().items() if not k.startswith("fc.")})
    image = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        layer2 = plain.layer2(plain.layer1(plain.maxpool(plain.relu(plain.bn1(plain.conv1(image))))))
        layer3 = plain.layer3(layer2)
        features = ours(image)
        torch.testing.assert_close(features["layer3"][:, :, ::2, ::2], layer3, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(features["layer4"][:, :, ::4, ::4], plain.layer4(layer3), rtol=1e-4, atol=1e-4)


def test_freezing_stops_stem_and_layer1_and_fixes_batch_norm():
    network = resnet18()
    network.freeze()
    network.train()
    trained = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {"layer2", "layer3", "layer4"}
    assert not any(norm.training for _, norm in network.batch_norms())


def test_without_dilation_only_the_stride_of_layer4_is_dropped():
    torch.manual_seed(0)
    plain = models.resnet50(weights=None).eval()
    ours = resnet50(16, dilate=False).eval()
    ours.load_state_dict({k: v for k, v in plain.state_dict().items() if not k.startswith("fc.")})
    plain.layer4[0].conv2.stride = plain.layer4[0].downsample[0].stride = (1, 1)
    image = torch.randn(1, 3, 33, 47)
    with torch.no_grad():
        stem = plain.maxpool(plain.relu(plain.bn1(plain.conv1(image))))
        features = ours(image)
        torch.testing.assert_close(features["stem"], stem, rtol=0, atol=0)
        layer4 = plain.layer4(plain.layer3(plain.layer2(plain.layer1(stem))))
        torch.testing.assert_close(features["layer4"], layer4, rtol=0, atol=0)
    assert features["layer4"].shape[-2:] == (3, 3)
    assert {module.dilation for module in ours.modules() if is_3x3(module)} == {(1, 1)}


@pytest.mark.parametrize("build", [resnet18, resnet34, resnet50, resnet101])
def test_any_depth_goes_without_dilation(build):
    with torch.device("meta"):
        network = build(16, dilate=False)
    assert network.stride == 16
    assert {module.dilation for module in network.modules() if is_3x3(module)} == {(1, 1)}


@pytest.mark.parametrize(("depth", "output_stride"), [(152, 8), (18, 32), (18, 4)])
def test_unknown_depth_or_stride_is_refused_with_both_values(depth, output_stride):
    with pytest.raises(ValueError, match=f"found {depth} and {output_stride}"):
        ResNet(depth, output_stride)
