"""The parts of WS-FCN and its parent, each against its definition."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from wsss_core.networks.one_stage.alignment import Alignment
from wsss_core.networks.one_stage.context_pyramid import ContextPyramid
from wsss_core.networks.one_stage.cue_injection import CueInjection
from wsss_core.networks.one_stage.decoder import mask_decoder
from wsss_core.networks.one_stage.feature_fusion import FeatureFusion
from wsss_core.networks.one_stage.flexible_context import CrossedPaths, FlexibleContext
from wsss_core.networks.one_stage.stochastic_gate import StochasticGate, gated
from wsss_core.networks.one_stage.tag_scores import tag_scores
from wsss_core.networks.one_stage.warping import sample_bilinear


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 6)] * 4), st.integers(0, 1000))
def test_reading_between_cells_is_that_of_grid_sample(sizes, seed):
    height, width, rows, columns = sizes
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(2, 3, height, width, generator=generator, requires_grad=True)
    position = (torch.rand(2, rows, columns, 2, generator=generator) * 3 - 1.5).requires_grad_()
    new = sample_bilinear(features, position)
    expected = functional.grid_sample(features, position, mode="bilinear", padding_mode="zeros", align_corners=True)
    torch.testing.assert_close(new, expected, rtol=1e-4, atol=1e-4)
    weights = torch.randn(new.shape, generator=generator)
    for ours, theirs in zip(
        torch.autograd.grad((new * weights).sum(), [features, position]),
        torch.autograd.grad((expected * weights).sum(), [features, position]),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_in_bfloat16_every_cell_of_a_large_grid_is_found():
    module, deep = Alignment(6, 8), torch.randn(1, 8, 40, 60, generator=torch.Generator().manual_seed(0))
    nn.init.zeros_(module.flow_make.weight)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(torch.zeros(1, 6, 40, 60), deep)
    torch.testing.assert_close(found, deep, rtol=0, atol=1e-3)


def test_without_flow_alignment_is_enlargement_with_corners_aligned():
    torch.manual_seed(0)
    module = Alignment(6, 8)
    nn.init.zeros_(module.flow_make.weight)
    deep = torch.randn(2, 8, 5, 4)
    expected = functional.interpolate(deep, size=(9, 13), mode="bilinear", align_corners=True)
    torch.testing.assert_close(module(torch.randn(2, 6, 9, 13), deep), expected, rtol=1e-4, atol=1e-5)


def test_flow_counts_in_cells_of_the_shallow_grid_and_x_comes_first():
    module = Alignment(1, 2)
    for layer in (module.down_h, module.down_l, module.flow_make):
        nn.init.zeros_(layer.weight)
    nn.init.ones_(module.down_l.weight)
    module.flow_make.weight.data[0, 1, 1, 1] = 2 / 6 * 7  # one of six steps between seven columns
    deep = torch.arange(14.0).view(1, 1, 2, 7).expand(1, 2, 2, 7)
    shifted = module(torch.ones(1, 1, 2, 7), deep)
    torch.testing.assert_close(shifted[:, :, :, :6], deep[:, :, :, 1:], rtol=1e-4, atol=1e-4)
    assert shifted[:, :, :, 6].abs().max() < 1e-4  # outside of the map


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 12), (5, 24), (7, 36)])
def test_a_branch_keeps_the_grid_and_has_no_bias(kernel, dilation):
    paths = CrossedPaths(3, 4, kernel, dilation)
    assert paths(torch.zeros(1, 3, 5, 6)).shape == (1, 4, 5, 6)
    assert paths.conv1_1.kernel_size == paths.conv2_2.kernel_size == (kernel, 1)
    assert paths.conv1_2.kernel_size == paths.conv2_1.kernel_size == (1, kernel)
    assert all(layer.bias is None for layer in paths.children())


@pytest.mark.parametrize("module", [FlexibleContext(4, 8), ContextPyramid(4, 8)], ids=["flexible", "pyramid"])
def test_statistics_of_a_context_never_move_but_weights_learn(module):
    module.train()
    before = {name: value.clone() for name, value in module.named_buffers()}
    module(torch.randn(2, 4, 6, 7)).square().sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in module.named_buffers())
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms
    assert all(norm.weight.grad is not None for norm in norms)
    assert module.dropout.training


def test_fusion_follows_its_definition():
    torch.manual_seed(0)
    module = FeatureFusion(3, 4).eval()
    low, deep = torch.randn(1, 3, 5, 6), torch.randn(1, 4, 5, 6)

    def unit(name, x):
        return torch.relu(getattr(module, f"bn{name}")(getattr(module, f"conv{name}")(x)))

    h1, v1 = unit("1h", low), unit("1v", deep)
    product = unit("2h", h1) * unit("2v", v1)
    shallow, fused = module(low, deep)
    torch.testing.assert_close(shallow, unit("4h", unit("3h", product) + h1))
    torch.testing.assert_close(fused, unit("4v", unit("3v", product) + v1))
    assert module.conv1h.bias.abs().max() == 0


def test_injected_cues_are_the_same_everywhere_in_the_picture():
    torch.manual_seed(0)
    module = CueInjection(3, 4).eval()
    deep = torch.randn(1, 4, 5, 6)
    low = torch.ones(1, 3, 5, 6)
    result = module(low, deep)
    torch.testing.assert_close(result, result[:, :, :1, :1].expand_as(result))
    torch.testing.assert_close(module(low, deep.flip(-1)), result)


class TestGate:
    def test_training_is_the_deep_feature_on_average_and_evaluation_a_mixture(self):
        torch.manual_seed(0)
        gate = StochasticGate()
        deep, shallow = torch.full((200_000,), 2.0), torch.full((200_000,), -1.0)
        mean = gate.train()(deep, shallow).mean()
        torch.testing.assert_close(mean, deep.mean(), rtol=0, atol=0.02)
        torch.testing.assert_close(gate.eval()(deep, shallow), 0.7 * deep + 0.3 * shallow)

    def test_each_element_is_shallow_or_deep_without_its_shallow_share(self):
        deep, shallow = torch.randn(2, 50), torch.randn(2, 50)
        choice = torch.rand(2, 50) > 0.5
        result = gated(deep, shallow, choice, 0.3)
        torch.testing.assert_close(result[~choice], shallow[~choice])
        torch.testing.assert_close(0.7 * result[choice] + 0.3 * shallow[choice], deep[choice])

    def test_any_batch_and_size_may_follow_another(self):
        gate = StochasticGate().train()
        for shape in ((2, 3, 4, 5), (1, 3, 7, 2)):
            assert gate(torch.zeros(shape), torch.ones(shape)).shape == shape


class TestTagScores:
    def test_a_class_that_is_nowhere_scores_the_logarithm_of_lambda(self):
        scores = torch.zeros(1, 3, 8, 8)
        scores[:, 2] = -60.0
        assert tag_scores(scores, 0.01)[0, 1].item() == pytest.approx(torch.log(torch.tensor(0.01)).item(), abs=1e-4)

    def test_a_class_that_is_everywhere_scores_its_mean_without_penalty(self):
        scores = torch.zeros(1, 2, 50, 50)
        scores[:, 1] = 40.0
        assert tag_scores(scores)[0, 0].item() == pytest.approx(40 * 2500 / 2501, abs=1e-3)

    def test_the_background_has_no_score_and_large_inputs_stay_finite(self):
        scores = torch.randn(2, 4, 3, 3) * 1000
        assert tag_scores(scores).shape == (2, 3)
        assert torch.isfinite(tag_scores(scores)).all()


def test_decoder_has_its_classifier_at_position_8():
    decoder = mask_decoder(6, 5)
    assert decoder[8].out_channels == 5
    assert decoder[8].bias.abs().max() == 0
    assert decoder(torch.zeros(2, 6, 3, 4)).shape == (2, 5, 3, 4)
