"""IRNet: heads on any backbone, the frozen backbone, and the rule of inference."""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from wsss_core.networks.factory import build_affinity_net
from wsss_core.networks.irnet import IRNet, canvas_of, edge_and_displacement, edge_map
from wsss_core.networks.names import NETWORKS

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "psa"


def build(backbone: str) -> IRNet:
    torch.manual_seed(0)
    network = build_affinity_net(backbone, "irnet")
    assert isinstance(network, IRNet)
    return network


@pytest.fixture(scope="module")
def small() -> IRNet:
    return build("small").eval()


@pytest.mark.parametrize("backbone", NETWORKS)
def test_outputs_have_one_cell_per_started_stride_4_on_every_backbone(backbone):
    network = build(backbone).eval()
    for height, width in ((1, 1), (1, 9), (33, 47)):
        with torch.no_grad():
            edge, displacement = network(torch.randn(2, 3, height, width))
        grid = (math.ceil(height / 4), math.ceil(width / 4))
        assert edge.shape[:2] == (2, 1)
        assert displacement.shape == (2, 2, *edge.shape[2:])
        beyond = [found - cells for found, cells in zip(edge.shape[2:], grid, strict=True)]
        # The pool of Caffe's ResNet rounds up; what lies beyond the image is cut off by `edge_map`.
        assert all(cells == 0 or (backbone == "resnet101_caffe" and cells == 1) for cells in beyond)
        assert torch.isfinite(edge).all()
        assert torch.isfinite(displacement).all()
    assert network.stride == 4


def test_heads_on_resnet50_have_the_published_names_and_shapes():
    layout, aliases = (
        json.loads((GOLDEN / f"irn_resnet50_irn.{part}.json").read_text()) for part in ("layout", "aliases")
    )
    published = {name: shape for name, shape in layout.items() if name not in aliases and "resnet50" not in name}
    with torch.device("meta"):
        state = build_affinity_net("resnet50", "irnet").state_dict()
    heads = {name: list(value.shape) for name, value in state.items() if not name.startswith("backbone.")}
    assert heads == published


def test_enlargements_on_resnet50_are_the_published_ones():
    with torch.device("meta"):
        network = build_affinity_net("resnet50", "irnet")
    factors = {
        name: module.scale_factor for name, module in network.named_modules() if isinstance(module, torch.nn.Upsample)
    }
    assert factors == {
        "fc_edge3.2": 2,
        "fc_edge4.2": 4,
        "fc_edge5.2": 4,
        "fc_dp4.2": 2,
        "fc_dp5.2": 2,
        "fc_dp6.2": 2,
    }


def test_only_the_heads_learn_and_the_backbone_stays_in_evaluation_mode():
    network = build("small").train()
    before = {name: value.clone() for name, value in network.backbone.named_buffers()}
    edge, displacement = network(torch.randn(2, 3, 33, 47))
    (edge.sum() + displacement.square().sum()).backward()
    learning = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learning == {name for name, _ in network.named_parameters() if name.startswith("fc_")}
    assert not any(module.training for module in network.backbone.modules())
    assert network.fc_edge6.training
    assert all(torch.equal(value, before[name]) for name, value in network.backbone.named_buffers())


def test_boundary_and_displacement_heads_are_groups_of_their_own():
    edge, displacement = build("small").parameter_groups()
    assert {name.split(".")[0] for name in edge} == {f"fc_edge{number}" for number in range(1, 7)}
    assert {name.split(".")[0] for name in displacement} == {f"fc_dp{number}" for number in range(1, 8)}
    assert {"fc_edge1.1.bias", "fc_edge6.bias"} <= set(edge)


def test_groups_on_resnet50_are_the_published_ones():
    published = json.loads((GOLDEN / "irn_resnet50_irn.param_groups.json").read_text())["groups"]
    with torch.device("meta"):
        network = build_affinity_net("resnet50", "irnet")
    assert [sorted(group) for group in network.parameter_groups()] == [sorted(group) for group in published]


def test_the_mean_displacement_is_subtracted_in_evaluation_mode_only():
    network, image = build("small"), torch.randn(1, 3, 24, 24)
    with torch.no_grad():
        _, plain = network.eval()(image)
        network.mean_shift.running_mean.copy_(torch.tensor([1.0, -2.0]))
        _, shifted = network(image)
        _, training = network.train()(image)
    torch.testing.assert_close(plain - shifted, torch.tensor([1.0, -2.0])[None, :, None, None].expand_as(plain))
    torch.testing.assert_close(training, plain)


def test_inference_averages_logits_of_image_and_mirror_and_takes_the_displacement_of_the_image(small):
    image = torch.randn(3, 30, 41)
    edge_hw, displacement_2hw = edge_and_displacement(small, image, (48, 64))
    with torch.no_grad():
        logits, displacement = small(functional.pad(image[None], (0, 23, 0, 18)))
        mirrored, _ = small(functional.pad(image.flip(-1)[None], (0, 23, 0, 18)))
    expected = (logits[0, 0, :8, :11] + mirrored[0, 0, :8, :11].flip(-1)) / 2
    torch.testing.assert_close(edge_hw, expected.sigmoid())
    torch.testing.assert_close(displacement_2hw, displacement[0, :, :8, :11], rtol=1e-4, atol=1e-5)


def test_the_boundary_of_the_mirror_is_the_mirrored_boundary_where_cells_coincide(small):
    image = torch.randn(3, 32, 32)
    edge_hw, _ = edge_and_displacement(small, image, (32, 32))
    mirrored_hw, _ = edge_and_displacement(small, image.flip(-1), (32, 32))
    torch.testing.assert_close(mirrored_hw.flip(-1), edge_hw)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 70), (129, 5)])
def test_any_size_of_image_gets_its_own_grid(small, size_hw):
    edge_hw, displacement_2hw = edge_and_displacement(small, torch.randn(3, *size_hw), canvas_of(size_hw, 64))
    grid = tuple(math.ceil(side / 4) for side in size_hw)
    assert edge_hw.shape == grid
    assert displacement_2hw.shape == (2, *grid)


@given(st.tuples(st.integers(1, 5000), st.integers(1, 5000)))
def test_canvas_is_the_published_one_or_the_next_multiple_of_16(size_hw):
    canvas_hw = canvas_of(size_hw)
    for side, canvas in zip(size_hw, canvas_hw, strict=True):
        assert canvas == 512 if side <= 512 else (canvas % 16 == 0 and side <= canvas < side + 16)


def test_boundaries_alone_are_those_with_displacements(small):
    image = torch.randn(3, 30, 41, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        edge_hw, _ = edge_and_displacement(small, image, (48, 64))
        torch.testing.assert_close(edge_map(small, image, (48, 64)), edge_hw)


def test_an_image_larger_than_the_canvas_is_refused_with_both_sizes(small):
    with pytest.raises(ValueError, match=r"at most \(32, 32\) \(H, W\) pixels, found \(20, 33\)"):
        edge_and_displacement(small, torch.zeros(3, 20, 33), (32, 32))
