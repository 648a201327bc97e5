"""WS-FCN, its parent and their baseline: what the shared demands of `test_all_networks` do not show."""

import pytest
import torch

from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.normalisation import IMAGENET_RGB

GATED = ("ws_fcn", "one_stage")


def on_meta(architecture, backbone, **options):
    with torch.device("meta"):
        return build_segmenter(architecture, backbone, 21, **options)


@pytest.mark.parametrize(
    ("architecture", "backbone", "top"),
    [
        ("ws_fcn", "resnet38", 8),
        ("ws_fcn", "vgg16", 16),
        ("one_stage", "vgg16", 8),
        ("one_stage_cam", "vgg16", 8),
        ("ws_fcn", "resnet50", 16),
        ("one_stage", "resnet101", 16),
    ],
)
def test_strides_are_the_published_ones_and_masks_have_that_of_the_low_feature(architecture, backbone, top):
    network = on_meta(architecture, backbone)
    assert network.backbone.stride == top
    assert network.stride == (top if architecture == "one_stage_cam" else 4)
    assert network.normalisation == IMAGENET_RGB


def test_resnets_are_not_dilated():
    network = on_meta("ws_fcn", "resnet50")
    assert {m.dilation for m in network.backbone.modules() if isinstance(m, torch.nn.Conv2d)} == {(1, 1)}


@pytest.mark.parametrize("architecture", GATED)
def test_the_background_scores_1_everywhere(architecture):
    torch.manual_seed(0)
    network = build_segmenter(architecture, "small", 4).eval()
    with torch.no_grad():
        scores = network(torch.randn(1, 3, 32, 48))
    assert (scores[:, 0] == 1).all()
    assert scores[:, 1:].std() > 0


@pytest.mark.parametrize("architecture", GATED)
def test_masks_sum_to_one_over_the_classes(architecture):
    torch.manual_seed(0)
    network = build_segmenter(architecture, "small", 4).eval()
    with torch.no_grad():
        scores = network.tags_and_scores(torch.randn(2, 3, 33, 47), 0.01).scores_BKhw
        masks = network.masks(scores, (33, 47), [0, 1, 2, 3])
        torch.testing.assert_close(masks.sum(dim=1), torch.ones(2, 33, 47))
        torch.testing.assert_close(network.masks(scores, (33, 47), [0, 2]), masks[:, [0, 2]])


def test_masks_of_the_baseline_are_shares_of_their_maximum_over_a_constant():
    torch.manual_seed(0)
    network = build_segmenter("one_stage_cam", "small", 4).eval()
    with torch.no_grad():
        scores = network(torch.randn(1, 3, 32, 40))
        masks = network.masks(scores, (32, 40), [0, 1, 3])
    assert (masks[:, 0] == 0.1).all()
    assert masks[:, 1:].min() >= 0
    present = scores[0, [1, 3]].amax(dim=(1, 2)) > 0
    assert (masks[0, 1:].amax(dim=(1, 2)) > 0.99).tolist() == present.tolist()


def test_tags_of_the_baseline_are_its_averaged_maps():
    torch.manual_seed(0)
    network = build_segmenter("one_stage_cam", "small", 4).eval()
    with torch.no_grad():
        tags, scores = network.tags_and_scores(torch.randn(2, 3, 32, 40), 0.01)
    torch.testing.assert_close(tags, scores[:, 1:].mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", [*GATED, "one_stage_cam"])
@pytest.mark.parametrize(
    ("backbone", "frozen"), [("resnet18", {"conv1"}), ("vgg16", {"conv1_1", "conv1_2"}), ("small", set())]
)
def test_freezing_keeps_the_stem_only(architecture, backbone, frozen):
    network = on_meta(architecture, backbone)
    network.freeze()
    kept = {
        name.split(".")[1]
        for name, parameter in network.named_parameters()
        if not parameter.requires_grad and parameter.ndim > 1
    }
    assert kept == frozen
    assert network.backbone.batch_norm_fixed == (backbone == "resnet18")


def test_the_quick_starts_sizes_are_small():
    for architecture in GATED:
        network = build_segmenter(architecture, "small", 9)
        assert sum(parameter.numel() for parameter in network.parameters()) < 2_000_000


@pytest.mark.parametrize("stride", [4, 32])
def test_vgg16_has_stride_8_or_16(stride):
    with pytest.raises(ValueError, match=f"expected output stride 8 or 16, found {stride}"):
        on_meta("ws_fcn", "vgg16", output_stride=stride)
