"""Names of SPML's checkpoints: every published entry has a place, and the groups of the optimiser are the published."""

import json
from pathlib import Path

import pytest
import torch

from wsss_core.checkpoints.pretrained import load_pretrained
from wsss_core.checkpoints.spml_layout import to_own_name, to_published_name
from wsss_core.networks.factory import build_segmenter
from wsss_core.networks.network import Network

DATA = Path(__file__).parents[1] / "golden" / "data" / "spml"
NETWORKS = {
    "deeplab101_voc": ("embedding_deeplab", "softmax_classifier_voc12", 21),
    "pspnet101_densepose": ("embedding_pspnet", "softmax_classifier_densepose", 15),
}
FIXED = "lfn.smooth_kernel.weight"


def layout(name: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = json.loads((DATA / f"{name}.layout.json").read_text())
    return found


def meta_network(architecture: str, classes: int) -> Network:
    with torch.device("meta"):
        return build_segmenter(architecture, "resnet101_deep", classes)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_published_entry_has_its_place_and_shape(name):
    architecture, head, classes = NETWORKS[name]
    published = {**layout(f"{name}.embedding"), **layout(f"{head}.prediction")}
    published.pop(FIXED, None)
    own = {entry: list(value.shape) for entry, value in meta_network(architecture, classes).state_dict().items()}
    assert {to_own_name(entry): shape for entry, shape in published.items()} == own
    assert all(to_published_name(to_own_name(entry)) == entry for entry in published)


@pytest.mark.parametrize("name", NETWORKS)
def test_groups_of_the_optimiser_are_the_published_ones(name):
    architecture, head, classes = NETWORKS[name]
    groups = json.loads((DATA / "parameter_groups.json").read_text())
    network = meta_network(architecture, classes)
    network.freeze()
    learning = {entry for entry, parameter in network.named_parameters() if parameter.requires_grad}
    found = [{to_published_name(entry) for entry in group if entry in learning} for group in network.parameter_groups()]
    expected: dict[int, set[str]] = {1: set(), 2: set(), 10: set(), 20: set()}
    for part in (f"{name}.embedding", f"{head}.prediction"):
        for group in groups[part]:
            if group["lr"]:
                expected[group["lr"]] |= set(group["params"])
    assert found == [expected[1], expected[2], expected[10], expected[20]]


def test_both_halves_of_a_snapshot_are_loaded_together(tmp_path):
    network = build_segmenter("embedding_deeplab", "resnet50_deep", 3)
    state = {f"module.{to_published_name(name)}": value for name, value in network.state_dict().items()}
    halves: dict[str, dict[str, torch.Tensor]] = {"embedding_model": {}, "prediction_model": {}}
    for name, value in state.items():
        halves["prediction_model" if "semantic_classifier" in name else "embedding_model"][name] = value
    halves["embedding_model"][f"module.{FIXED}"] = torch.zeros(3, 1, 5, 5)
    torch.save(halves, tmp_path / "model-29999.pth")
    other = build_segmenter("embedding_deeplab", "resnet50_deep", 3)
    loaded = load_pretrained(other, tmp_path / "model-29999.pth", with_head=True)
    assert loaded.layout == "SPML"
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in network.state_dict().items())


def test_imagenet_weights_of_the_deep_stem_fill_the_backbone(tmp_path):
    network = build_segmenter("embedding_deeplab", "resnet50_deep", 3)
    prefix = "backbone."
    state = {n.removeprefix(prefix): v for n, v in network.state_dict().items() if n.startswith(prefix)}
    mapping = json.loads((DATA / "imagenet_name_mapping.json").read_text())["imagenet_to_model"]
    own = {n: to_own_name(m).removeprefix(prefix) for n, m in mapping.items() if m}
    assert all(name == ours for name, ours in own.items() if not name.startswith("fc."))
    torch.save({**state, "fc.weight": torch.zeros(2, 2)}, tmp_path / "resnet.pth")
    assert load_pretrained(network, tmp_path / "resnet.pth").layout == "deep-stem ResNet"
