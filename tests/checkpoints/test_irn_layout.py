"""The published IRN layouts, with their several names of one tensor, load strictly into our networks."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wsss_core.checkpoints.fit import compare, shapes_of
from wsss_core.checkpoints.irn_layout import IRN_LAYOUT, to_own_name, to_published_name
from wsss_core.checkpoints.pretrained import CheckpointError, detect_layout, load_pretrained
from wsss_core.networks.factory import build_affinity_net, build_classifier
from wsss_core.networks.network import Network

DATA = Path(__file__).parents[1] / "golden" / "data" / "psa"
PUBLISHED = ("cam", "irn")


def table(role: str, part: str) -> dict:
    content: dict = json.loads((DATA / f"irn_resnet50_{role}.{part}.json").read_text(encoding="utf-8"))
    return content


def network(role: str) -> Network:
    with torch.device("meta"):
        return build_classifier("resnet50", 20, "irn") if role == "cam" else build_affinity_net("resnet50", "irnet")


def marked_state(role: str) -> dict[str, torch.Tensor]:
    """Scalars in place of the tensors: the position of each entry in the file."""
    return {name: torch.tensor(position) for position, name in enumerate(table(role, "layout"))}


@pytest.mark.parametrize("role", PUBLISHED)
def test_published_file_fits_exactly(role):
    state = {name: torch.empty(shape, device="meta") for name, shape in table(role, "layout").items()}
    assert detect_layout(state, Path("irn.pth")) is IRN_LAYOUT
    assert not compare(shapes_of(network(role).state_dict()), shapes_of(IRN_LAYOUT.translate(state)))


@pytest.mark.parametrize("role", PUBLISHED)
def test_every_alias_is_translated_to_the_name_of_its_tensor(role):
    for alias, name in table(role, "aliases").items():
        assert to_own_name(alias, role == "cam") == to_own_name(name, role == "cam")


@pytest.mark.parametrize("role", PUBLISHED)
def test_of_several_copies_the_last_listed_wins(role):
    state = marked_state(role)
    last = {to_own_name(name, role == "cam"): int(position) for name, position in state.items()}
    assert {name: int(value) for name, value in IRN_LAYOUT.translate(state).items()} == last


@pytest.mark.parametrize("role", PUBLISHED)
@pytest.mark.parametrize("kept", ["targets", "aliases"])
def test_one_copy_of_each_tensor_is_enough(role, kept):
    """Whichever: a file of the plain names alone, or of the last alias of each alone."""
    aliases = table(role, "aliases")
    last = {aliases.get(name, name): name for name in table(role, "layout")}
    names = last.keys() if kept == "targets" else last.values()
    state = {name: torch.empty(table(role, "layout")[name], device="meta") for name in names}
    assert IRN_LAYOUT.recognises(state)
    assert not compare(shapes_of(network(role).state_dict()), shapes_of(IRN_LAYOUT.translate(state)))


@given(st.sampled_from(PUBLISHED), st.data())
def test_names_we_write_are_read_back(role, data):
    own = data.draw(st.sampled_from(sorted(network_names(role))))
    assert to_own_name(to_published_name(own), role == "cam") == own
    assert to_published_name(own) in table(role, "layout")


def network_names(role: str) -> set[str]:
    return {to_own_name(name, role == "cam") for name in table(role, "layout")}


def test_tables_of_pair_paths_are_ignored():
    state = {
        "resnet50.conv1.weight": torch.zeros(1),
        "path_indices_0": torch.zeros(5, dtype=torch.int64),
        "path_indices12": torch.zeros(5, dtype=torch.int64),
        "disp_target": torch.zeros(3),
    }
    assert list(IRN_LAYOUT.translate(state)) == ["backbone.conv1.weight"]


def test_entries_without_a_place_keep_their_name_so_that_errors_show_it():
    for name in ("stage9.0.weight", "stage1.7.weight", "backbone.7.0.weight", "extra.weight"):
        assert to_own_name(name, is_classifier=True) == name


@pytest.mark.parametrize("role", PUBLISHED)
def test_our_own_names_are_not_taken_for_irns(role):
    assert not IRN_LAYOUT.recognises(dict(network(role).state_dict()))


def published_file(folder: Path, classes: int) -> tuple[Path, Network]:
    torch.manual_seed(0)
    source = build_classifier("resnet50", classes, "irn")
    path = folder / "res50_cam.pth"
    torch.save({f"module.{to_published_name(name)}": value for name, value in source.state_dict().items()}, path)
    return path, source


def test_a_published_classifier_loads_entirely_and_its_backbone_starts_an_irnet(tmp_path):
    path, source = published_file(tmp_path, 3)
    classifier = build_classifier("resnet50", 3, "irn")
    assert load_pretrained(classifier, path, with_head=True).left_random == ()
    assert torch.equal(classifier.classifier.weight, source.classifier.weight)
    irnet = build_affinity_net("resnet50", "irnet")
    loaded = load_pretrained(irnet, path)
    assert loaded.layout == "IRN"
    assert torch.equal(irnet.backbone.layer4[2].conv3.weight, source.backbone.layer4[2].conv3.weight)
    assert all(not name.startswith("backbone.") for name in loaded.left_random)
    with pytest.raises(CheckpointError, match=r"first fc_edge1.*with classifier head"):
        load_pretrained(irnet, path, with_head=True)
