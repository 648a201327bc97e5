"""U²-Net from its published state dict, whose BatchNorm is folded, and from ONNX, with numbers for names."""

import pytest
import torch
from torch import nn

from wsss_core.checkpoints.u2net_layout import build_fitting, folded
from wsss_core.networks.u2net import FULL, SMALL, U2Net


def published(network: U2Net) -> dict[str, torch.Tensor]:
    """A state dict as published: every unit of a stage with its BatchNorm."""
    state: dict[str, torch.Tensor] = {}
    generator = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        unit, _, leaf = name.rpartition(".")
        value = 0.1 * torch.randn(value.shape, generator=generator)
        if not unit.startswith("stage"):
            state[name] = value
            continue
        state[f"{unit}.conv_s1.{leaf}"] = value
        if leaf == "bias":
            width = len(value)
            norm = {"weight": 1 + 0.1 * torch.rand(width), "bias": 0.1 * torch.rand(width)}
            norm |= {"running_mean": 0.1 * torch.rand(width), "running_var": 0.5 + torch.rand(width)}
            state |= {f"{unit}.bn_s1.{key}": number for key, number in norm.items()}
            state[f"{unit}.bn_s1.num_batches_tracked"] = torch.tensor(7)
    return state


@pytest.fixture(scope="module")
def state():
    return published(U2Net(SMALL))


def test_a_folded_unit_computes_what_convolution_and_batch_norm_do(state):
    unit = "stage2.rebnconv1"
    convolution, norm = nn.Conv2d(64, 16, 3, padding=1), nn.BatchNorm2d(16).eval()
    for module, part in ((convolution, "conv_s1"), (norm, "bn_s1")):
        start = f"{unit}.{part}."
        module.load_state_dict({key.removeprefix(start): v for key, v in state.items() if key.startswith(start)})
    network, x = build_fitting(state), torch.randn(1, 64, 9, 11)
    with torch.no_grad():
        torch.testing.assert_close(network.get_submodule(unit)(x), norm(convolution(x)), rtol=1e-5, atol=1e-5)


def test_the_file_tells_which_network_it_is(state):
    assert build_fitting(state).get_submodule("stage6.rebnconvin").out_channels == 64
    with torch.device("meta"):
        full = U2Net(FULL).state_dict()
    numbered = {
        f"conv.{index // 2}.{name.rpartition('.')[2]}": value for index, (name, value) in enumerate(full.items())
    }
    numbered = {name: torch.zeros(value.shape) for name, value in numbered.items()}
    assert build_fitting(numbered).get_submodule("stage6.rebnconvin").out_channels == 512


def test_onnx_weights_go_to_the_convolutions_in_their_order(state):
    own = build_fitting(state).state_dict()
    numbered = {
        f"conv.{index // 2}.{name.rpartition('.')[2]}": value for index, (name, value) in enumerate(own.items())
    }
    again = build_fitting(numbered).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in own.items())


def test_weights_of_another_network_are_refused_with_both_reasons():
    with pytest.raises(ValueError, match=r"expected the weights of U²-Net.*u2net: .*missing.*u2netp: .*missing"):
        build_fitting({"fc.weight": torch.zeros(1)})


def test_a_unit_without_its_batch_norm_is_not_taken(state):
    without = {name: value for name, value in state.items() if name != "stage1.rebnconv2.bn_s1.running_var"}
    assert "stage1.rebnconv2.weight" not in folded(without)
    with pytest.raises(ValueError, match=r"u2netp: 2 missing, first stage1\.rebnconv2\.weight"):
        build_fitting(without)
