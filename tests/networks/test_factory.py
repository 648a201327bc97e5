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
        ValueError, match=r"unknown segmentation architecture 'unet'; known are: deeplab_v1, deeplab_v3plus"
    ):
        build_segmenter("unet", "small", 2)


def test_options_given_win_over_published_ones():
    assert resolve_options("affinity", "vgg16", None, {}) == {"fc6_dilation": 4}
    assert resolve_options("affinity", "vgg16", None, {"fc6_dilation": 1}) == {"fc6_dilation": 1}
    assert resolve_options("classifier", "vgg16", None, {}) == {}
    assert resolve_options("segmenter", "vgg16", "deeplab_v1", {}) == {"fc6_dilation": 12, "pool5": True}
