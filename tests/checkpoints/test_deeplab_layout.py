"""DeepLab's files on its authors' ResNet-101: trained networks, initial weights, and torchvision's in their place."""

import json
from pathlib import Path

import pytest
import torch

from wsss_core.checkpoints.deeplab_layout import DEEPLAB_RESNET101, from_torchvision, to_own_name, to_published_name
from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.pretrained import CheckpointError, detect_layout, load_pretrained
from wsss_core.networks.factory import build_backbone, build_segmenter
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB

GOLDEN = Path(__file__).parents[1] / "golden" / "data" / "eps"
TRAINED, INITIAL = "deeplabv2_resnet101_msc_voc12", "deeplabv1_resnet101_coco_init"


def layout(name: str) -> dict[str, list[int]]:
    content: dict[str, list[int]] = json.loads((GOLDEN / f"{name}.layout.json").read_text(encoding="utf-8"))
    return content


def state(name: str) -> dict[str, torch.Tensor]:
    return {entry: torch.empty(shape, device="meta") for entry, shape in layout(name).items()}


@pytest.fixture(scope="module")
def expected():
    with torch.device("meta"):
        return shapes_of(build_segmenter("deeplab_v2", "resnet101_caffe", 21).state_dict())


def test_a_published_network_fits_exactly(expected):
    assert detect_layout(state(TRAINED), Path("x.pth")) is DEEPLAB_RESNET101
    assert not compare(expected, shapes_of(DEEPLAB_RESNET101.translate(state(TRAINED))))


def test_initial_weights_fit_the_backbone_and_their_image_classifier_is_left_out(expected):
    assert detect_layout(state(INITIAL), Path("x.pth")) is DEEPLAB_RESNET101
    backbone = {name: shape for name, shape in expected.items() if name.startswith("backbone.")}
    assert not compare(backbone, shapes_of(DEEPLAB_RESNET101.translate(state(INITIAL))))


def test_names_translate_there_and_back():
    for name in layout(TRAINED):
        assert to_published_name(to_own_name(name)) == name


def one_storage(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Tensors that share their numbers, so that a file of them stays small."""
    numbers = torch.linspace(-1, 1, max(torch.Size(shape).numel() for shape in shapes.values()))
    return {name: numbers[: torch.Size(shape).numel()].view(shape) for name, shape in shapes.items()}


def test_coco_weights_start_a_network_whose_pyramid_stays_random(tmp_path):
    torch.save(one_storage(layout(INITIAL)), tmp_path / "init.pth")
    network = build_segmenter("deeplab_v2", "resnet101_caffe", 3)
    before = network.state_dict()["aspp.c0.weight"].clone()
    loaded = load_pretrained(network, tmp_path / "init.pth")
    assert (loaded.layout, loaded.normalisation) == ("DeepLab ResNet-101", CAFFE_BGR)
    assert set(loaded.left_random) == {f"aspp.c{index}.{leaf}" for index in range(4) for leaf in ("weight", "bias")}
    assert torch.equal(network.state_dict()["aspp.c0.weight"], before)
    assert network.backbone.layer2.block1.reduce.conv.weight.flatten()[0] == -1


def test_imagenet_weights_of_torchvision_start_it_too_and_bring_their_input_rule(tmp_path):
    with torch.device("meta"):
        shapes = {name: list(value.shape) for name, value in build_backbone("resnet101").state_dict().items()}
    torch.save(one_storage({**shapes, "fc.weight": [1000, 2048]}), tmp_path / "resnet101.pth")
    network = build_segmenter("deeplab_v2", "resnet101_caffe", 3)
    loaded = load_pretrained(network, tmp_path / "resnet101.pth")
    assert loaded.normalisation == IMAGENET_RGB
    assert all(name.startswith("aspp.") for name in loaded.left_random)


def test_every_layer_of_torchvision_has_its_place():
    with torch.device("meta"):
        theirs, ours = build_backbone("resnet101").state_dict(), build_backbone("resnet101_caffe").state_dict()
    renamed = from_torchvision({f"backbone.{name}": value for name, value in theirs.items()})
    assert set(renamed) == {f"backbone.{name}" for name in ours}
    assert renamed["backbone.layer2.block1.shortcut.bn.bias"] is theirs["layer1.0.downsample.1.bias"]
    assert renamed["backbone.layer5.block3.conv3x3.conv.weight"] is theirs["layer4.2.conv2.weight"]


def test_weights_of_a_smaller_resnet_are_refused(tmp_path):
    with torch.device("meta"):
        shapes = {name: list(value.shape) for name, value in build_backbone("resnet50").state_dict().items()}
    torch.save(one_storage(shapes), tmp_path / "resnet50.pth")
    with pytest.raises(CheckpointError, match=r"missing, first backbone\.layer4\.block7"):
        load_pretrained(build_segmenter("deeplab_v2", "resnet101_caffe", 3), tmp_path / "resnet50.pth")
