"""torchvision's names, checked against torchvision's own networks."""

import torch

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.torchvision_layouts import TORCHVISION_RESNET, TORCHVISION_VGG16, VGG16_CONVOLUTIONS
from wsss_core.networks.factory import build_backbone
from wsss_core.networks.torchvision_models import models


def own_shapes(name: str) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {f"backbone.{key}": shape for key, shape in shapes_of(build_backbone(name).state_dict()).items()}


def test_vgg16_convolutions_map_in_order_and_the_classifier_is_left_out():
    with torch.device("meta"):
        state = models.vgg16(weights=None).state_dict()
    assert TORCHVISION_VGG16.recognises(state)
    translated = TORCHVISION_VGG16.translate(state)
    assert len(translated) == 26
    assert not compare(own_shapes("vgg16"), shapes_of(translated), TORCHVISION_VGG16.absent)
    assert list(VGG16_CONVOLUTIONS.values()) == sorted(VGG16_CONVOLUTIONS.values())


def test_batch_norm_vgg_is_not_mistaken_for_the_plain_one():
    with torch.device("meta"):
        state = models.vgg16_bn(weights=None).state_dict()
    misfit = compare(own_shapes("vgg16"), shapes_of(TORCHVISION_VGG16.translate(state)), TORCHVISION_VGG16.absent)
    assert misfit.unexpected
    assert misfit.missing


def test_every_resnet_fits_itself_without_its_classifier():
    for depth in (18, 34, 50, 101):
        with torch.device("meta"):
            state = getattr(models, f"resnet{depth}")(weights=None).state_dict()
        assert TORCHVISION_RESNET.recognises(state)
        assert not compare(own_shapes(f"resnet{depth}"), shapes_of(TORCHVISION_RESNET.translate(state)))


def test_both_layouts_carry_the_imagenet_rgb_rule():
    for layout in (TORCHVISION_VGG16, TORCHVISION_RESNET):
        assert layout.normalisation is not None
        assert not layout.normalisation.bgr
        assert layout.normalisation.mean[0] == 0.485
