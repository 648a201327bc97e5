import torch
from torch import nn
from torch.nn import functional

from wsss_core.networks.resnet38 import BottleneckBlock, ResBlock, ResNet38


def unsettle(block: nn.Module) -> nn.Module:
    """BatchNorm with statistics that matter."""
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return block.eval()


def test_shortcut_convolution_reads_the_activated_input():
    block = unsettle(ResBlock(4, 4, 8))
    x = torch.randn(1, 4, 5, 5)
    with torch.no_grad():
        nn.init.zeros_(block.conv_branch2b1.weight)
        out, activated = block(x)
        torch.testing.assert_close(activated, functional.relu(block.bn_branch2a(x)))
        torch.testing.assert_close(out, block.conv_branch1(activated))


def test_block_of_equal_width_and_stride_one_adds_its_plain_input():
    block = unsettle(ResBlock(4, 4, 4))
    x = torch.randn(1, 4, 5, 5)
    with torch.no_grad():
        nn.init.zeros_(block.conv_branch2b1.weight)
        torch.testing.assert_close(block(x)[0], x)
    assert block.conv_branch1 is None


def test_strided_block_rounds_up_and_has_a_shortcut_convolution():
    block = unsettle(ResBlock(4, 4, 4, stride=2))
    assert block.conv_branch1 is not None
    with torch.no_grad():
        assert block(torch.zeros(1, 4, 5, 7))[0].shape == (1, 4, 3, 4)


def test_bottleneck_drops_channels_in_training_only():
    torch.manual_seed(0)
    block = unsettle(BottleneckBlock(8, 64, dilation=4, dropout=0.5))
    x = torch.randn(1, 8, 5, 5)
    with torch.no_grad():
        first, second = block(x)[0], block(x)[0]
        block.dropout_2b1.train()
        dropped = block(x)[0]
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.allclose(first, dropped)


def test_dilations_are_those_of_the_paper():
    with torch.device("meta"):
        network = ResNet38()
    dilations = {
        name: module.dilation[0]
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
    }
    dilated = {name: dilation for name, dilation in dilations.items() if dilation > 1}
    assert dilated == {
        "b5.conv_branch2b1": 2,
        "b5_1.conv_branch2a": 2,
        "b5_1.conv_branch2b1": 2,
        "b5_2.conv_branch2a": 2,
        "b5_2.conv_branch2b1": 2,
        "b6.conv_branch2b1": 4,
        "b7.conv_branch2b1": 4,
    }
