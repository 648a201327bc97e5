"""ResNet-101 in Caffe's form: strides, dilations, the pool that rounds up, and what it freezes."""

import pytest
import torch

from wsss_core.networks.factory import build_backbone, build_segmenter
from wsss_core.networks.resnet101_caffe import Bottleneck, ConvNorm


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return build_backbone("resnet101_caffe").eval()


def cells(side: int) -> int:
    """Cells along a side after a halving of stride 2, a pool that rounds up, and another halving."""
    half = -(-side // 2)
    quarter = half // 2 + 1  # ceil((half - 1) / 2) + 1, as the last window may start in the padding's last pixel
    return -(-quarter // 2)


@pytest.mark.parametrize(("height", "width"), [(65, 81), (64, 57), (33, 47), (1, 9)])
def test_grid_is_that_of_a_pool_that_rounds_up(backbone, height, width):
    with torch.no_grad():
        features = backbone(torch.randn(1, 3, height, width))
    assert features["layer5"].shape == (1, 2048, cells(height), cells(width))
    assert features["layer3"].shape[2:] == features["layer5"].shape[2:]


def test_crops_of_the_recipe_have_one_cell_per_started_eight_pixels():
    assert [cells(side) for side in (321, 513, 65)] == [41, 65, 9]


def test_strides_are_in_the_first_1x1_and_dilations_in_every_3x3(backbone):
    for name, stride, dilation in (("layer2", 1, 1), ("layer3", 2, 1), ("layer4", 1, 2), ("layer5", 1, 4)):
        blocks = list(backbone.get_submodule(name).children())
        assert all(isinstance(block, Bottleneck) for block in blocks)
        assert blocks[0].reduce.conv.stride == blocks[0].shortcut.conv.stride == (stride, stride)
        assert {block.conv3x3.conv.dilation for block in blocks} == {(dilation, dilation)}
        assert all(block.shortcut is None and block.reduce.conv.stride == (1, 1) for block in blocks[1:])


def test_frozen_it_keeps_batch_norm_and_trains_every_convolution():
    with torch.device("meta"):
        network = build_segmenter("deeplab_v2", "resnet101_caffe", 21)
    network.freeze()
    network.train()
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    assert frozen == {name for name, _ in network.named_parameters() if ".bn." in name}
    assert not any(module.bn.training for module in network.modules() if isinstance(module, ConvNorm))
    assert [len(names) for names in network.parameter_groups()] == [104, 0, 4, 4]


def test_blocks_rectify_after_the_sum_only():
    torch.manual_seed(0)
    block = Bottleneck(8, 16, stride=1, dilation=2, projects=True).eval()
    x = torch.randn(1, 8, 6, 7)
    with torch.no_grad():
        inner = torch.relu(block.conv3x3(torch.relu(block.reduce(x))))
        expected = torch.relu(block.increase(inner) + block.shortcut(x))
        torch.testing.assert_close(block(x), expected)
        assert block.increase(inner).min() < 0
