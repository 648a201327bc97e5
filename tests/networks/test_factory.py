import subprocess
import sys

import pytest

from wsss_core.networks.factory import (
    build_affinity_net,
    build_backbone,
    build_classifier,
    build_segmenter,
    resolve_options,
)

LAZY = """
import sys
from wsss_core.networks import factory
before = {m for m in sys.modules if m.startswith("wsss_core.networks.")}
factory.build_classifier("small", 2)
after = {m for m in sys.modules if m.startswith("wsss_core.networks.")}
print("torchvision" in sys.modules, *sorted(m.rsplit(".", 1)[1] for m in after - before))
"""


def test_only_the_chosen_network_is_imported():
    result = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "classification", "conv_unit", "small"]


@pytest.mark.parametrize(
    "build",
    [
        lambda: build_backbone("vgg19"),
        lambda: build_classifier("vgg19", 2),
        lambda: build_affinity_net("vgg19"),
        lambda: build_segmenter("deeplab_v1", "vgg19", 2),
    ],
)
def test_unknown_backbone_is_refused_with_the_known_ones(build):
    with pytest.raises(ValueError, match=r"unknown backbone 'vgg19'; known are: vgg16, resnet38, .*small"):
        build()


def test_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown segmentation architecture 'unet'; known are: deeplab_v1, deeplab_v2, deeplab_v3plus"
    ):
        build_segmenter("unet", "small", 2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: build_classifier("small", 2, "deeplab_v1"), "unknown classifier 'deeplab_v1'; known are: psa, irn"),
        (
            lambda: build_affinity_net("small", "irn"),
            "unknown affinity network 'irn'; known are: affinitynet, irnet",
        ),
    ],
)
def test_an_architecture_of_another_role_is_refused_with_the_known_ones(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_the_networks_of_psa_need_no_name():
    for unnamed, named in (
        (build_classifier("small", 2), build_classifier("small", 2, "psa")),
        (build_affinity_net("small"), build_affinity_net("small", "affinitynet")),
    ):
        assert type(unnamed) is type(named)
        assert list(unnamed.state_dict()) == list(named.state_dict())


def test_networks_of_irn_have_stride_16_without_dilation_on_every_resnet():
    plain = {"output_stride": 16, "dilate": False}
    for backbone in ("resnet18", "resnet34", "resnet50", "resnet101"):
        assert resolve_options("classifier", backbone, "irn", {}) == plain
        assert resolve_options("affinity", backbone, "irnet", {}) == plain
    assert resolve_options("affinity", "resnet50", "irnet", {"dilate": True}) == {**plain, "dilate": True}
    assert resolve_options("affinity", "vgg16", "irnet", {}) == {}
    assert resolve_options("classifier", "resnet50", None, {}) == {}


def test_options_given_win_over_published_ones():
    assert resolve_options("affinity", "vgg16", None, {}) == {"fc6_dilation": 4}
    assert resolve_options("affinity", "vgg16", None, {"fc6_dilation": 1}) == {"fc6_dilation": 1}
    assert resolve_options("classifier", "vgg16", None, {}) == {}
    assert resolve_options("segmenter", "vgg16", "deeplab_v1", {}) == {"fc6_dilation": 12, "pool5": True}
