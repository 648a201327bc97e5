"""Caffe's layers become the parameters of VGG16: in DeepLab's form entirely, in that of ILSVRC the convolutions."""

import torch

from wsss_core.checkpoints.caffe_layouts import CAFFE_ILSVRC_VGG16, CAFFE_VGG16
from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.networks.factory import build_backbone
from wsss_core.networks.normalisation import CAFFE_BGR


def caffe_state(old_form: bool) -> dict[str, torch.Tensor]:
    """A net of DeepLab's VGG16 as its file names it; with four sides for a bias in the old form."""
    with torch.device("meta"):
        backbone = build_backbone("vgg16").state_dict()
        head = {"fc8_voc12.weight": torch.empty(21, 1024, 1, 1), "fc8_voc12.bias": torch.empty(21)}
    state = {}
    for name, value in {**backbone, **head}.items():
        layer, leaf = name.split(".")
        is_old_bias = old_form and leaf == "bias"
        state[f"{layer}.blobs.{int(leaf == 'bias')}"] = value.reshape(1, 1, 1, -1) if is_old_bias else value
    return state


def expected() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {f"backbone.{name}": shape for name, shape in shapes_of(build_backbone("vgg16").state_dict()).items()}


def test_deeplabs_net_fits_the_backbone_exactly_in_both_forms():
    for old_form in (False, True):
        state = caffe_state(old_form)
        assert CAFFE_VGG16.recognises(state)
        assert not CAFFE_ILSVRC_VGG16.recognises(state)
        assert not compare(expected(), shapes_of(CAFFE_VGG16.translate(state)))


def test_weight_is_blob_0_and_bias_blob_1():
    weight, bias = torch.arange(2.0).reshape(2, 1, 1, 1), torch.tensor([[[[5.0, 6.0]]]])
    translated = CAFFE_VGG16.translate({"fc7.blobs.0": weight, "fc7.blobs.1": bias, "fc8.blobs.0": weight})
    assert list(translated) == ["backbone.fc7.weight", "backbone.fc7.bias"]
    assert torch.equal(translated["backbone.fc7.weight"], weight)
    assert translated["backbone.fc7.bias"].tolist() == [5.0, 6.0]


def test_the_ilsvrc_net_gives_its_convolutions_and_leaves_fc6_and_fc7_to_chance():
    for fc6 in (torch.empty(4096, 25088, device="meta"), torch.empty(1, 1, 4096, 25088, device="meta")):
        state = {**caffe_state(True), "fc6.blobs.0": fc6, "fc7.blobs.0": torch.empty(4096, 4096, device="meta")}
        assert CAFFE_ILSVRC_VGG16.recognises(state)
        found = shapes_of(CAFFE_ILSVRC_VGG16.translate(state))
        assert len(found) == 26
        assert not compare(expected(), found, CAFFE_ILSVRC_VGG16.absent)


def test_input_is_blue_first_without_scaling():
    assert CAFFE_VGG16.normalisation == CAFFE_ILSVRC_VGG16.normalisation == CAFFE_BGR
