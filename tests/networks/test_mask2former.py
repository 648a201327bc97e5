import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.networks.factory import build_backbone, build_segmenter
from wsss_core.networks.mask2former import Answers, Mask2Former, class_scores

CLASSES = 4


@pytest.fixture(scope="module")
def network() -> Mask2Former:
    torch.manual_seed(0)
    network = build_segmenter("mask2former", "swin_mini", CLASSES)
    assert isinstance(network, Mask2Former)
    return network.eval()


@torch.inference_mode()
def test_every_layer_answers_with_classes_and_masks_at_a_quarter_of_the_image(network):
    answers = network.answers(torch.zeros(2, 3, 64, 96))
    shape = network.shape
    assert isinstance(answers, Answers)
    assert len(answers.class_logits) == len(answers.mask_logits) == shape.layers + 1
    assert {logits.shape for logits in answers.class_logits} == {(2, shape.queries, CLASSES + 1)}
    assert {logits.shape for logits in answers.mask_logits} == {(2, shape.queries, 16, 24)}


@pytest.mark.parametrize("size_hw", [(32, 32), (50, 70), (65, 33)])
@torch.inference_mode()
def test_images_of_any_size_get_a_score_per_class_whose_softmax_are_the_shares(network, size_hw):
    x = torch.randn(1, 3, *size_hw)
    log_scores = network(x)
    assert log_scores.shape[:2] == (1, CLASSES)
    assert torch.isfinite(log_scores).all()
    answers = network.answers(x)
    scores = class_scores(answers.class_logits[-1], answers.mask_logits[-1])
    torch.testing.assert_close(log_scores.softmax(1), scores / scores.sum(1, keepdim=True), rtol=1e-3, atol=1e-4)


@given(st.integers(0, 1000))
def test_class_scores_are_those_of_the_plain_sum(seed):
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randn(2, 5, CLASSES + 1, generator=generator)
    masks = torch.randn(2, 5, 3, 4, generator=generator)
    expected = torch.zeros(2, CLASSES, 3, 4)
    for image in range(2):
        for query in range(5):
            share = classes[image, query].exp() / classes[image, query].exp().sum()
            expected[image] += share[:-1, None, None] / (1 + torch.exp(-masks[image, query]))
    torch.testing.assert_close(class_scores(classes, masks), expected)


def test_parameter_groups_hold_every_parameter_once_and_norms_do_not_decay(network):
    groups = network.parameter_groups()
    names = [name for group in groups for name in group]
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())
    assert all(name.startswith("backbone.") for name in (*groups[0], *groups[1]))
    assert not any(name.startswith("backbone.") for name in (*groups[2], *groups[3]))
    undecayed = {*groups[1], *groups[3]}
    for part in ("relative_position_bias_table", "queries_features", "transformer_module.level_embed", "layernorm"):
        assert any(part in name for name in undecayed)
    assert not any("pixel_decoder.level_embed" in name or "fc1" in name for name in undecayed)


def test_other_backbones_are_refused():
    with pytest.raises(ValueError, match=r"mask2former stands on a Swin \(swin_l, swin_t, swin_mini\), found SmallNet"):
        build_segmenter("mask2former", "small", CLASSES)


def test_the_published_network_has_215_million_parameters():
    with torch.device("meta"):
        network = build_segmenter("mask2former", "swin_l", 21)
    assert sum(value.numel() for value in network.parameters()) == 215_430_026


@torch.inference_mode()
def test_swin_has_four_features_at_falling_resolution():
    swin = build_backbone("swin_mini").eval()
    features = swin(torch.zeros(1, 3, 64, 96))
    assert {name: tuple(value.shape[1:]) for name, value in features.items()} == {
        name: (swin.channels[name], 64 // swin.strides[name], 96 // swin.strides[name]) for name in swin.strides
    }
