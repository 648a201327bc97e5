"""U²-Net: its grid of stages, and that it takes any image."""

import pytest
import torch

from wsss_core.networks.u2net import FULL, SMALL, U2Net, UBlock


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return U2Net(SMALL).eval()


@pytest.mark.parametrize("size", [(1, 1), (33, 64), (97, 50)])
def test_saliency_has_the_size_of_the_input_and_lies_between_0_and_1(small, size):
    with torch.no_grad():
        saliency = small(torch.randn(2, 3, *size))
    assert saliency.shape == (2, 1, *size)
    assert saliency.min() >= 0
    assert saliency.max() <= 1


def test_both_networks_have_the_published_number_of_convolutions_and_weights():
    for stages, millions in ((FULL, 44.0), (SMALL, 1.13)):
        with torch.device("meta"):
            network = U2Net(stages)
        kernels = [parameter for name, parameter in network.named_parameters() if name.endswith(".weight")]
        assert len(kernels) == 119
        assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)


def test_convolutions_are_declared_in_the_order_in_which_they_run(small):
    order = []
    names = {module: name for name, module in small.named_modules()}
    hooks = [
        module.register_forward_hook(lambda module, *_: order.append(names[module]))
        for module in names
        if isinstance(module, torch.nn.Conv2d)
    ]
    with torch.no_grad():
        small(torch.randn(1, 3, 32, 32))
    for hook in hooks:
        hook.remove()
    declared = [name for name, module in small.named_modules() if isinstance(module, torch.nn.Conv2d)]
    stages = [name for name in order if name.startswith("stage")]
    assert [*stages, *sorted(set(order) - set(stages), key=declared.index)] == declared


@pytest.mark.parametrize("shrinks", [True, False])
def test_a_block_adds_its_first_unit_to_what_the_u_makes(shrinks):
    torch.manual_seed(0)
    block = UBlock((3, 4, 5), depth=4, shrinks=shrinks).eval()
    x = torch.randn(1, 3, 21, 30)
    with torch.no_grad():
        start = torch.relu(block.rebnconvin(x))
        assert (block(x) >= start).all()
        block.rebnconv1d.weight.zero_()
        block.rebnconv1d.bias.zero_()
        torch.testing.assert_close(block(x), start)


def test_dilated_blocks_dilate_and_shrinking_ones_only_at_their_last_level():
    dilated, shrinking = UBlock((3, 4, 5), 4, shrinks=False), UBlock((3, 4, 5), 4, shrinks=True)
    levels = ("rebnconv1", "rebnconv2", "rebnconv3", "rebnconv4", "rebnconv3d", "rebnconv2d", "rebnconv1d")
    found = [[block.get_submodule(level).dilation[0] for level in levels] for block in (dilated, shrinking)]
    assert found == [[1, 2, 4, 8, 4, 2, 1], [1, 1, 1, 2, 1, 1, 1]]
