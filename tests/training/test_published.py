"""A network from a file takes the place of a training, for every kind."""

import json
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import save_file
from training.tiny_data import CLASSES, tiny_context, write_tiny_data

from wsss_core import registry
from wsss_core.affinity import random_walk
from wsss_core.artifacts.checksum import sha256_of
from wsss_core.artifacts.manifest import Manifest
from wsss_core.cams import multiscale
from wsss_core.checkpoints.psa_layout import to_published_name
from wsss_core.checkpoints.store import load_network
from wsss_core.networks.factory import build_affinity_net, build_classifier, build_network, build_segmenter
from wsss_core.networks.names import AFFINITY_NETS, ARCHITECTURES, CLASSIFIERS
from wsss_core.settings.affinity import PublishedAffinitySettings
from wsss_core.settings.base import SettingsError
from wsss_core.settings.cams import MultiscaleCamsSettings
from wsss_core.settings.classifier import PublishedClassifierSettings
from wsss_core.settings.published import PublishedSettings
from wsss_core.settings.refined_cams import RandomWalkSettings
from wsss_core.settings.segmenter import PublishedSegmenterSettings
from wsss_core.training import published
from wsss_core.training.history import read

MODELS: dict[str, type[PublishedSettings]] = {
    "classifier": PublishedClassifierSettings,
    "affinity": PublishedAffinitySettings,
    "segmenter": PublishedSegmenterSettings,
}
PAIRS = [
    *(("classifier", "psa"), ("classifier", "irn"), ("affinity", "affinitynet"), ("affinity", "irnet")),
    *(("segmenter", "deeplab_v1"), ("segmenter", "deeplab_v2"), ("segmenter", "deeplab_v3plus")),
]


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return write_tiny_data(tmp_path / "data")


def settings_for(role: str, weights: Path, **changes: object) -> PublishedSettings:
    return MODELS[role].parse({"network": "small", "weights": weights, **changes}, role)


def publish(folder: Path, role: str, settings: PublishedSettings) -> None:
    published.train(tiny_context(folder, role, settings))


@pytest.mark.parametrize(("role", "architecture"), PAIRS)
def test_every_network_becomes_a_stage_like_a_trained_one(tmp_path, manifest, role, architecture):
    torch.manual_seed(3)
    backbone = "resnet18" if architecture == "irn" else "small"
    source = build_network(role, backbone, architecture, 2)
    save_file(source.state_dict(), tmp_path / "net.safetensors")
    settings = settings_for(role, tmp_path / "net.safetensors", network=backbone, architecture=architecture)
    publish(tmp_path / role, role, settings)
    network, card = load_network(tmp_path / role)
    assert type(network) is type(source)
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in network.state_dict().items())
    assert (card.role, card.architecture) == (role, architecture)
    assert card.classes == (() if role == "affinity" else CLASSES[1:])
    assert card.trained_on["sha256"] == sha256_of(tmp_path / "net.safetensors")
    assert read(tmp_path / role) == []


def test_a_published_psa_classifier_of_vgg16_keeps_its_input_rule_and_dilations(tmp_path, manifest):
    torch.manual_seed(0)
    for role, source in (("classifier", build_classifier("vgg16", 2)), ("affinity", build_affinity_net("vgg16"))):
        state = {to_published_name(name): value for name, value in source.state_dict().items()}
        torch.save(state, tmp_path / f"{role}.pth", _use_new_zipfile_serialization=False)
        publish(tmp_path / role, role, settings_for(role, tmp_path / f"{role}.pth", network="vgg16"))
        network, card = load_network(tmp_path / role)
        assert card.normalisation.bgr
        assert network.backbone.fc6.dilation == ((1, 1) if role == "classifier" else (4, 4))
        assert card.trained_on["names"] == "PSA"


class TestRefusals:
    def test_imagenet_weights_alone_are_no_trained_network(self, tmp_path, manifest):
        state = build_classifier("small", 2).state_dict()
        save_file({name: value for name, value in state.items() if name != "fc8.weight"}, tmp_path / "x.safetensors")
        with pytest.raises(ValueError, match=r"x\.safetensors .*1 missing, first fc8\.weight"):
            publish(tmp_path / "c", "classifier", settings_for("classifier", tmp_path / "x.safetensors"))
        assert not (tmp_path / "c" / "model.json").exists()

    def test_another_number_of_classes_is_named(self, tmp_path, manifest):
        save_file(build_classifier("small", 20).state_dict(), tmp_path / "x.safetensors")
        with pytest.raises(ValueError, match=r"fc8\.weight \(network \(2, 96, 1, 1\), file \(20, 96, 1, 1\)\)"):
            publish(tmp_path / "c", "classifier", settings_for("classifier", tmp_path / "x.safetensors"))

    def test_a_missing_file_is_named(self, tmp_path, manifest):
        with pytest.raises(FileNotFoundError, match=r"none\.pth: no such weights file"):
            publish(tmp_path / "c", "classifier", settings_for("classifier", tmp_path / "none.pth"))

    def test_settings_without_a_file_or_with_an_unknown_architecture_are_refused(self, tmp_path):
        with pytest.raises(SettingsError, match="'weights' is required"):
            PublishedClassifierSettings.parse({}, "classifier")
        with pytest.raises(SettingsError, match="architecture"):
            settings_for("affinity", tmp_path, architecture="psa")


class TestNetworksTrainedHere:
    @pytest.fixture
    def folder(self, tmp_path, manifest) -> Path:
        """A published stage with another stride than the default, as a training would leave it."""
        torch.manual_seed(0)
        source = build_segmenter("deeplab_v3plus", "resnet18", 3, output_stride=16)
        save_file(source.state_dict(), tmp_path / "x.safetensors")
        settings = settings_for(
            "segmenter", tmp_path / "x.safetensors", network="resnet18", architecture="deeplab_v3plus", output_stride=16
        )
        publish(tmp_path / "first", "segmenter", settings)
        return tmp_path / "first"

    def test_their_card_tells_the_options_that_weights_do_not_show(self, tmp_path, folder):
        for place in (folder, folder / "model.safetensors"):
            settings = settings_for("segmenter", place, network="resnet18", architecture="deeplab_v3plus")
            publish(tmp_path / "second", "segmenter", settings)
            assert load_network(tmp_path / "second")[1].options == {"output_stride": 16}

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"architecture": "deeplab_v2"}, "expected architecture 'deeplab_v2'.*found 'deeplab_v3plus'"),
            ({"network": "resnet34"}, "expected network 'resnet34'.*found 'resnet18'"),
        ],
    )
    def test_their_card_is_held_against_the_settings(self, tmp_path, folder, changes, words):
        asked = {"network": "resnet18", "architecture": "deeplab_v3plus", **changes}
        with pytest.raises(ValueError, match=rf"model\.json: .*{words}"):
            publish(tmp_path / "second", "segmenter", settings_for("segmenter", folder, **asked))

    def test_classes_in_another_order_are_refused(self, tmp_path, folder):
        card = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**card, "classes": card["classes"][::-1]}))
        settings = settings_for("segmenter", folder, network="resnet18", architecture="deeplab_v3plus")
        with pytest.raises(ValueError, match=r"expected classes \('red thing', 'green thing'\).*found \('green thing'"):
            publish(tmp_path / "second", "segmenter", settings)


def test_check_says_what_a_training_job_would_say(tmp_path, manifest):
    save_file(build_classifier("small", 2).state_dict(), tmp_path / "x.safetensors")
    settings = settings_for("classifier", tmp_path / "x.safetensors")
    assert published.check(settings, "classifier", CLASSES) == "own"
    with pytest.raises(ValueError, match="does not fit this network"):
        published.check(settings, "classifier", (*CLASSES, "blue thing"))


def test_the_architectures_of_the_settings_are_those_there_are():
    tables = {"classifier": CLASSIFIERS, "affinity": AFFINITY_NETS, "segmenter": ARCHITECTURES}
    for role, table in tables.items():
        assert set(get_args(MODELS[role].model_fields["architecture"].annotation)) == set(table)
        assert registry.METHODS[role]["published"].module == published.__name__


def test_cams_and_walk_run_on_files_alone(tmp_path, manifest):
    torch.manual_seed(0)
    for role, source in (("classifier", build_classifier("small", 2)), ("affinity", build_affinity_net("small"))):
        torch.save(source.state_dict(), tmp_path / f"{role}.pth")
        publish(tmp_path / role, role, settings_for(role, tmp_path / f"{role}.pth"))
    cams = tiny_context(tmp_path / "cams", "cams", MultiscaleCamsSettings(), classifier=tmp_path / "classifier")
    walk = tiny_context(tmp_path / "walk", "refined_cams", RandomWalkSettings(), affinity=tmp_path / "affinity")
    record = manifest.records[0]
    row = multiscale.processor(cams)(record, {})
    refined = random_walk.processor(walk)(record, {"cams": row})
    assert refined.scores().shape == (2, record.height, record.width)
