from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from wsss_core.checkpoints.card import NetworkCard
from wsss_core.checkpoints.pretrained import CheckpointError, detect_layout, load_pretrained
from wsss_core.checkpoints.psa_layout import to_published_name
from wsss_core.checkpoints.store import save_network
from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.normalisation import CAFFE_BGR, IMAGENET_RGB
from wsss_core.networks.torchvision_models import models

REAL_VGG16 = Path(__file__).parents[3] / "shared" / "weights" / "vgg16_features_fp16.pth"


@pytest.fixture(scope="module")
def resnet18_file(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(models.resnet18(weights=None).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def psa_vgg16(tmp_path_factory):
    """A PSA classifier file of 20 classes and the network it was made from."""
    torch.manual_seed(0)
    network = build_classifier("vgg16", 20)
    path = tmp_path_factory.mktemp("weights") / "vgg16_cls.pth"
    torch.save({to_published_name(name): value for name, value in network.state_dict().items()}, path)
    return path, network


class TestInitialWeights:
    def test_backbone_is_filled_and_the_head_stays_random(self, resnet18_file):
        torch.manual_seed(1)
        network = build_classifier("resnet18", 3)
        head = network.fc8.weight.clone()
        loaded = load_pretrained(network, resnet18_file)
        state = torch.load(resnet18_file, weights_only=True)
        assert torch.equal(network.backbone.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])
        assert torch.equal(network.fc8.weight, head)
        assert loaded.left_random == ("fc8.weight",)
        assert loaded.layout == "torchvision ResNet"

    def test_torchvision_vgg16_brings_its_own_normalisation_and_leaves_fc6_fc7_random(self, tmp_path):
        torch.manual_seed(0)
        features = {f"features.{key}": value for key, value in models.vgg16(weights=None).features.state_dict().items()}
        torch.save({name: value.half() for name, value in features.items()}, tmp_path / "vgg16.pth")
        network = build_affinity_net("vgg16")
        assert network.normalisation == CAFFE_BGR
        loaded = load_pretrained(network, tmp_path / "vgg16.pth")
        assert network.normalisation == loaded.normalisation == IMAGENET_RGB
        torch.testing.assert_close(
            network.backbone.conv5_3.weight, features["features.28.weight"], rtol=1e-3, atol=1e-4, check_device=False
        )
        assert {name.split(".")[1] for name in loaded.left_random if name.startswith("backbone.")} == {"fc6", "fc7"}

    def test_head_of_a_published_classifier_is_ignored_by_an_affinity_net(self, psa_vgg16):
        path, source = psa_vgg16
        network = build_affinity_net("vgg16")
        loaded = load_pretrained(network, path)
        assert torch.equal(network.backbone.fc7.weight, source.backbone.fc7.weight)
        assert loaded.normalisation == CAFFE_BGR
        assert "f9.weight" in loaded.left_random

    def test_files_without_batch_counters_are_accepted(self, resnet18_file, tmp_path):
        state = torch.load(resnet18_file, weights_only=True)
        old = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
        torch.save(old, tmp_path / "old.pth")
        network = build_classifier("resnet18", 3)
        assert load_pretrained(network, tmp_path / "old.pth").left_random == ("fc8.weight",)
        assert network.backbone.bn1.num_batches_tracked == 0

    def test_network_of_another_stage_brings_the_normalisation_of_its_card(self, tmp_path):
        card = NetworkCard("classifier", "small", ("a",), CAFFE_BGR)
        save_network(tmp_path, card, card.build().state_dict())
        for path in (tmp_path, tmp_path / "model.safetensors"):
            network = build_affinity_net("small")
            assert load_pretrained(network, path).normalisation == CAFFE_BGR
            assert network.normalisation == CAFFE_BGR

    def test_own_file_without_a_card_keeps_the_backbones_normalisation(self, tmp_path):
        save_file(build_classifier("small", 2).state_dict(), tmp_path / "weights.safetensors")
        assert (
            load_pretrained(build_classifier("small", 5), tmp_path / "weights.safetensors").normalisation
            == IMAGENET_RGB
        )


class TestTrainedNetworks:
    def test_published_classifier_loads_entirely(self, psa_vgg16):
        path, source = psa_vgg16
        network = build_classifier("vgg16", 20)
        assert load_pretrained(network, path, with_head=True).left_random == ()
        assert torch.equal(network.fc8.weight, source.fc8.weight)

    def test_other_class_count_is_refused_with_both_shapes(self, psa_vgg16):
        with pytest.raises(
            CheckpointError, match=r"fc8\.weight \(network \(3, 1024, 1, 1\), file \(20, 1024, 1, 1\)\)"
        ):
            load_pretrained(build_classifier("vgg16", 3), psa_vgg16[0], with_head=True)

    def test_other_head_is_refused_with_the_heads_there_are(self, psa_vgg16):
        with pytest.raises(CheckpointError, match=r"first f8_3\.weight.*fits the backbone vgg16, with fc8 head"):
            load_pretrained(build_affinity_net("vgg16"), psa_vgg16[0], with_head=True)

    def test_imagenet_convolutions_alone_are_no_trained_network(self, resnet18_file):
        with pytest.raises(CheckpointError, match=r"1 missing, first fc8\.weight"):
            load_pretrained(build_classifier("resnet18", 3), resnet18_file, with_head=True)


class TestMisfits:
    def test_other_backbone_is_refused_and_the_fitting_one_named(self, resnet18_file):
        with pytest.raises(
            CheckpointError, match=r"resnet18\.pth .*missing, first backbone\.layer1.*fits the backbone resnet18"
        ):
            load_pretrained(build_classifier("resnet34", 3), resnet18_file)

    def test_a_refused_file_changes_nothing(self, resnet18_file):
        network = build_classifier("resnet34", 3)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        with pytest.raises(CheckpointError):
            load_pretrained(network, resnet18_file)
        assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())

    def test_incomplete_file_fits_nothing(self, resnet18_file, tmp_path):
        state = torch.load(resnet18_file, weights_only=True)
        del state["layer4.1.conv2.weight"]
        torch.save(state, tmp_path / "cut.pth")
        with pytest.raises(CheckpointError, match=r"first backbone\.layer4\.1\.conv2\.weight.*is it complete"):
            load_pretrained(build_classifier("resnet18", 3), tmp_path / "cut.pth")

    def test_unknown_naming_is_refused_with_examples_of_it(self):
        with pytest.raises(
            CheckpointError, match=r"of no known network; expected one of IRN, own, .*PSA, .*such as blocks\.0\.weight"
        ):
            detect_layout({"blocks.0.weight": torch.zeros(1)}, Path("x.pth"))


@pytest.mark.skipif(not REAL_VGG16.is_file(), reason="the real VGG16 convolutions are not here")
def test_real_vgg16_convolutions_load_and_respond_more_to_structure_than_to_grey():
    network = build_classifier("vgg16", 20).eval()
    loaded = load_pretrained(network, REAL_VGG16)
    assert loaded.normalisation == IMAGENET_RGB
    first = network.backbone.conv1_1.weight[0, 0, 0]
    torch.testing.assert_close(first, torch.tensor([-0.5537, 0.1427, 0.5290]), rtol=0, atol=5e-4)
    columns = torch.sign(torch.sin(torch.arange(32.0))).expand(1, 3, 32, 32)
    with torch.no_grad():
        structure = network.backbone(columns)["conv4"].var()
        grey = network.backbone(torch.zeros(1, 3, 32, 32))["conv4"].var()
    assert structure > grey
